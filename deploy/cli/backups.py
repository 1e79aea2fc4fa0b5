"""`lounge backup` and `lounge restore`: which servers, which folder, and what is told about it."""

import asyncio
import os
import shutil
import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nats.js import JetStreamContext
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.backup import streams
from deploy.backup.checking import checked
from deploy.backup.loading import load, refuse_unless_empty
from deploy.backup.manifest import Manifest, fingerprint
from deploy.backup.taking import Client, Say, take
from deploy.cli.finding import by_environment, ops_of
from deploy.embedded.folder import LAYOUT, DataFolder, read_run
from deploy.installation import rooms
from deploy.mongo.admin import ADMIN, BACKUP, Passwords, url
from deploy.mongo.server import MongoServer
from deploy.nats.keys import write_private
from deploy.nats.server import NatsServer
from deploy.ops import connected
from deploy.trouble import CannotStart, NotDone
from deploy.waiting import busy
from shared.contracts.topology import SERVICES
from shared.kernel.time import Clock

_BEHIND = timedelta(days=1)
_UNFINISHED = "being restored"
"""Stands as the data folder's version while a restore is under way: `lounge up` refuses the folder by it."""


def backup(data: Path, to: Path, *, with_keys: bool) -> dict[str, Any]:
    """What was copied. Raises CannotStart, NotRunning, NotDone."""
    if with_keys and by_environment():
        raise CannotStart("Keys are copied where they are: name the data folder with --data, or copy them apart.")
    with busy("Connecting") as say, connected_to(mongo_url(data)) as client:
        keys = data / "keys" if with_keys else None
        return _facts(to, take(client, to, secret=_secret(data), keys=keys, say=say))


def check(source: Path) -> dict[str, Any]:
    """The facts of a back-up that is whole. Raises CannotStart naming what is not."""
    with busy("Reading"):
        return _facts(source, checked(source))


def restore(data: Path, source: Path, clock: Clock, *, streams_anew: bool) -> dict[str, Any]:
    """What was restored. Raises CannotStart with nothing changed; NotDone where the installation is not empty."""
    with busy("Reading the back-up") as say:
        manifest = checked(source)
        if by_environment():
            _same_secret(manifest, _secret(data))
            with connected_to(mongo_url(data, ADMIN)) as client:
                asyncio.run(_restore(client, lambda: ops_of(data), source, manifest, (streams_anew, say)))
        else:
            _restore_folder(data, source, manifest, (clock, streams_anew, say))
        return _facts(source, manifest) | {"next": _next(manifest)}


def _next(manifest: Manifest) -> list[str]:
    """What makes copies and consumers whole once the services run: consumers may have been behind by a day."""
    since = datetime.fromisoformat(manifest.taken_at) - _BEHIND
    return [
        *(f"lounge republish --state {service}" for service in SERVICES),
        f"lounge republish --since {since.isoformat()}",
    ]


def _facts(folder: Path, manifest: Manifest) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "taken_at": manifest.taken_at,
        "collections": len(manifest.collections),
        "documents": manifest.documents,
        "bytes": manifest.bytes,
        "keys": manifest.keys,
    }


async def _restore(client: Client, ops_of: Any, source: Path, manifest: Manifest, how: tuple[bool, Say]) -> None:
    streams_anew, say = how
    async with ops_of() as ops:
        refuse_unless_empty(client)
        await _clear(ops.client.jetstream(), anew=streams_anew)
        await asyncio.to_thread(load, client, source, manifest, say=say)


async def _clear(js: JetStreamContext, *, anew: bool) -> None:
    if (held := await streams.held(js)) and not anew:
        told = " and ".join(f"{name} {count} messages" for name, count in held.items())
        raise NotDone(
            f"There are streams of another time: {told}. With --streams-anew they are made again, empty, and every "
            "site's input is read again from its beginning.",
            code="not-empty",
        )
    await streams.begin_anew(js)


def _restore_folder(data: Path, source: Path, manifest: Manifest, how: tuple[Clock, bool, Say]) -> None:
    """Its servers run for as long as it takes; no service does."""
    clock, streams_anew, say = how
    folder = DataFolder(data)
    with _taken(folder, source, manifest):
        mongo = MongoServer(folder.path, Passwords(folder.mongo_keys), port=folder.port("mongo"))
        nats = NatsServer(folder.path, folder.keys, port=folder.port("nats"), monitor_port=folder.port("nats-monitor"))
        with _ended_by_signal():
            try:
                say("Starting mongod and nats-server")
                mongo.start()
                nats.start()
                nats.wait_ready()
                mongo.wait_ready()

                def ops() -> Any:
                    return connected(nats.url, folder.keys.seed_file("ops"), clock)

                with connected_to(mongo.admin_url) as client:
                    asyncio.run(_restore(client, ops, source, manifest, (streams_anew, say)))
            finally:
                nats.stop()
                mongo.stop()


@contextmanager
def _taken(folder: DataFolder, source: Path, manifest: Manifest) -> Iterator[None]:
    """Ours while it is filled; what was new is gone again where that failed, and what was there is as it was."""
    new = not (folder.path / "version").exists()
    if new and folder.path.is_dir() and {path.name for path in folder.path.iterdir()} == {"keys"}:
        write_private(folder.path / "version", LAYOUT + "\n")
    keys, had_keys = folder.path / "keys", (folder.path / "keys").exists()
    folder.take()
    try:
        if manifest.keys and not had_keys:
            shutil.copytree(source / "keys", keys)
        _same_secret(manifest, _secret(folder.path))
        write_private(folder.path / "version", _UNFINISHED + "\n")
        yield
        write_private(folder.path / "furnished", "")
        write_private(folder.path / "version", LAYOUT + "\n")
    except NotDone as refused:
        if not new and refused.code == "not-empty":  # said before anything was written; what fails later stays marked
            write_private(folder.path / "version", LAYOUT + "\n")
        raise
    finally:
        folder.release()


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """SIGTERM stops the servers too."""

    def leave(number: int, _: types.FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def connected_to(mongo_url: str) -> Iterator[Client]:
    """By TLS where LOUNGE_MONGO_CA names the authority and the address does not."""
    ca = os.environ.get("LOUNGE_MONGO_CA")
    tls: dict[str, Any] = {"tls": True, "tlsCAFile": ca} if ca else {}
    try:
        client: Client = MongoClient(
            mongo_url, serverSelectionTimeoutMS=5_000, tz_aware=True, appname="lounge-backup", **tls
        )
        with client:
            yield client
    except PyMongoError as error:
        said = str((getattr(error, "details", None) or {}).get("errmsg") or type(error).__name__)
        raise NotDone(f"MongoDB: {said[:200]}", code="mongo") from None


def mongo_url(data: Path, user: str = BACKUP) -> str:
    """The environment's; else that of `user` on the system of containers, or of the folder, that this is among."""
    if file := os.environ.get("LOUNGE_MONGO_URL_FILE"):
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise CannotStart(f"LOUNGE_MONGO_URL_FILE: {file} cannot be read: {error.strerror}.") from None
    if given := os.environ.get("LOUNGE_MONGO_URL"):
        return given
    if by_environment():
        if not rooms.passwords().knows(user):
            raise CannotStart("LOUNGE_MONGO_URL or LOUNGE_MONGO_URL_FILE is not set.")
        return url(rooms.mongo_hosts(), user, rooms.passwords().of(user), source="admin")
    port = next(each["port"] for each in read_run(data)["processes"] if each["name"] == "mongo-1")
    return url([f"127.0.0.1:{port}"], user, Passwords(DataFolder(data).mongo_keys).of(user), source="admin")


def _secret(data: Path) -> str | None:
    """A fingerprint of the members secret, where it is at hand."""
    named = os.environ.get("LOUNGE_MEMBERS_SECRET_FILE")
    file = Path(named) if named else data / "keys" / "members.secret"
    with suppress(FileNotFoundError):
        return fingerprint(file.read_text())
    return None


def _same_secret(manifest: Manifest, ours: str | None) -> None:
    if manifest.members_secret and ours != manifest.members_secret:
        raise CannotStart(
            "The back-up's hashes and signing keys need the members secret it was taken with, and that is not here: "
            "put the installation's keys back first (keys/ of the data folder, or LOUNGE_MEMBERS_SECRET_FILE)."
        )

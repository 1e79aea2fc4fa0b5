"""Taking a back-up under load: every collection of every service as it was at one and the same moment."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from deploy.backup.manifest import Kept, Manifest
from deploy.trouble import CannotStart, NotDone
from shared.contracts.topology import SERVICES

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_SNAPSHOT_UNAVAILABLE = 246
_SNAPSHOT_TOO_OLD = 239
_TRIES = 5
_BATCH = 1_000
Client = MongoClient[dict[str, Any]]
Say = Callable[[str], None]


def take(client: Client, folder: Path, *, secret: str | None, keys: Path | None, say: Say) -> Manifest:
    """Writes `folder`, which must not be there yet; it appears whole or not at all. Raises CannotStart, NotDone.

    `secret` is a fingerprint; `keys` a folder that is copied along.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotStart(f"{folder} is there already: a back-up never overwrites another.")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        manifest = _taken(client, part, secret=secret, keys=keys, say=say)
        manifest.write(part)
        _sync(part)
        part.replace(folder)
        return manifest
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _taken(client: Client, part: Path, *, secret: str | None, keys: Path | None, say: Say) -> Manifest:
    taken_at, collections = _at_one_moment(client, part, say)
    if keys is not None:
        shutil.copytree(keys, part / "keys")
    return Manifest(
        taken_at=taken_at.isoformat(),
        mongod=client.server_info()["version"],
        collections=collections,
        members_secret=secret,
        keys=keys is not None,
    )


def _at_one_moment(client: Client, part: Path, say: Say) -> tuple[datetime, tuple[Kept, ...]]:
    """Begins anew where a collection was made while we looked: the moment chosen is then before its birth."""
    for _ in range(_TRIES):
        taken_at: datetime = client.admin.command("hello")["localTime"].replace(tzinfo=UTC)
        with client.start_session(snapshot=True) as session:
            try:
                return taken_at, tuple(_copied(client, session, part, say))
            except OperationFailure as error:
                if error.code == _SNAPSHOT_TOO_OLD:
                    raise NotDone(
                        "MongoDB no longer holds the moment that was being copied: raise the server parameter "
                        "minSnapshotHistoryWindowInSeconds (300 s by default).",
                        code="snapshot-too-old",
                    ) from None
                if error.code != _SNAPSHOT_UNAVAILABLE:
                    raise
    raise NotDone(f"Collections were being made in each of {_TRIES} tries: try again.", code="busy")


def _copied(client: Client, session: ClientSession, part: Path, say: Say) -> Iterator[Kept]:
    # The first read fixes the moment; only then are the collections listed, so that none born before it is missed.
    client[SERVICES[0]]["-"].find_one({}, session=session)
    for database in SERVICES:
        (part / database).mkdir(mode=0o700, exist_ok=True)
        for name in sorted(client[database].list_collection_names(filter={"type": "collection"})):
            if not name.startswith("system."):
                say(f"Copying {database}.{name}")
                yield _copy(client, session, part, database, name)


def _copy(client: Client, session: ClientSession, part: Path, database: str, name: str) -> Kept:
    digest, count, size = hashlib.sha256(), 0, 0
    with (part / database / f"{name}.bson").open("wb") as file:
        for raw in in_order(client, database, name, session=session):
            digest.update(raw)
            file.write(raw)
            count, size = count + 1, size + len(raw)
        _to_disk(file)
    return Kept(database, name, count, size, digest.hexdigest())


def in_order(client: Client, database: str, name: str, *, session: ClientSession | None = None) -> Iterator[bytes]:
    """The bytes of every document of a collection, in the order of `_id`."""
    collection: Collection[RawBSONDocument] = Collection(client[database], name, codec_options=RAW)  # type: ignore[arg-type]  # its type follows the client's, its content the codec
    with collection.find({}, sort=[("_id", 1)], batch_size=_BATCH, session=session) as found:
        for document in found:
            yield bytes(document.raw)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """The folder's own entries, and those of the folders in it."""
    for each in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""`python -m deploy.installation.topology`: set, users, indexes of MongoDB; streams, durables of NATS; repeatable.

Runs in the network of the set's first member: before there is any user, mongod listens to its own loopback alone. With
LOUNGE_MONGO_ADMIN_URL_FILE set and users are kept by somebody else (an operator), and only the indexes are made.
"""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nkeys import NkeysError
from pymongo import MongoClient
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure

from deploy import topology
from deploy.installation import rooms
from deploy.mongo.admin import ADMIN, form_set, index_all
from deploy.mongo.prepare import prepare
from deploy.nats.keys import KeyFolder
from deploy.told import refuse_unknown
from deploy.trouble import CannotStart, plainly
from deploy.waiting import until
from shared.kit.nats.addresses import believing

_MONGO_PORT = 27_017
_LOOK_MS = 2_000


async def apply() -> None:
    """Raises CannotStart, in one sentence, for a setting, key or password that will not do, and for a server that does
    not come or holds what cannot be changed.
    """
    refuse_unknown()
    replicas, patience, url = rooms.stream_replicas(), rooms.patience(), rooms.mongo_admin_url()
    _authorities()
    await asyncio.gather(_nats(replicas, patience), _mongo(patience) if url is None else _indexed(url, patience))


def _authorities() -> None:
    """That the files of certificates are such files."""
    nats, mongo = os.environ.get("LOUNGE_NATS_CA_FILE"), os.environ.get("LOUNGE_MONGO_CA")
    try:
        if nats:
            believing(Path(nats))
        if mongo:
            ssl.create_default_context(cafile=mongo)
    except ValueError as error:
        raise CannotStart(f"{error}.") from None
    except OSError as error:  # ssl's own errors are OSErrors too
        raise CannotStart(f"LOUNGE_MONGO_CA: {mongo} is no file of certificates: {error.strerror}.") from None


async def _mongo(patience: float) -> None:
    passwords, hosts = rooms.passwords(), rooms.mongo_hosts()
    where = f"MongoDB at {', '.join(hosts)}"

    async def prepared() -> bool:
        with _refusals(where):
            if not await asyncio.to_thread(form_set, _MONGO_PORT, passwords.of(ADMIN), hosts):
                return False
            return await _unless_away(lambda: prepare(hosts, passwords))

    await _soon(prepared, f"no primary among {', '.join(hosts)}", patience)


async def _indexed(url: str, patience: float) -> None:
    """The set and its users are an operator's; the indexes are ours all the same."""

    async def indexed() -> bool:
        with _refusals("LOUNGE_MONGO_ADMIN_URL_FILE: MongoDB"):
            return await _unless_away(lambda: _index(url))

    await _soon(indexed, "no primary answers where LOUNGE_MONGO_ADMIN_URL_FILE says", patience)


def _index(url: str) -> None:
    ca = os.environ.get("LOUNGE_MONGO_CA")
    tls: dict[str, Any] = {"tls": True, "tlsCAFile": ca} if ca else {}
    try:
        if not url.startswith(("mongodb://", "mongodb+srv://")):
            raise ConfigurationError
        client: MongoClient[dict[str, Any]] = MongoClient(url, tz_aware=True, serverSelectionTimeoutMS=_LOOK_MS, **tls)
    except (ConfigurationError, ValueError):  # not quoted: there is a password in it
        raise CannotStart("LOUNGE_MONGO_ADMIN_URL_FILE: it is not like mongodb://user:password@host.") from None
    with client:
        index_all(client)


async def _unless_away(work: Callable[[], None]) -> bool:
    """Whether it was done: False where MongoDB is not there, or its primary is changing."""
    try:
        await asyncio.to_thread(work)
    except ConnectionFailure:
        return False
    return True


@contextmanager
def _refusals(who: str) -> Iterator[None]:
    """By the error's name: its message may quote a document."""
    try:
        yield
    except OperationFailure as error:
        name = (error.details or {}).get("codeName") or type(error).__name__
        raise CannotStart(f"{who} refuses: {name}.") from None


async def _nats(replicas: int, patience: float) -> None:
    keys, url = rooms.nats_keys(), rooms.nats_url()
    sites = keys.sites()
    seeds = {name: _seed(keys, name) for name in ("ops", *(f"hub-{site}" for site in sites))}

    async def applied() -> None:
        with _knows(seeds["ops"], url):
            ops = await topology.connect(url, seeds["ops"], "ops")
        try:
            await topology.apply(ops.jetstream(), sites=sites, replicas=replicas)
        finally:
            await ops.close()
        for site in sites:
            with _knows(seeds[f"hub-{site}"], url):
                await topology.apply_site_account(url, keys, site, replicas)

    async def answered() -> bool:
        """A cluster that has no leader yet takes clients, and lets their wishes run out of time."""
        try:
            await applied()
        except (OSError, NoServersError):
            return False
        except NatsError as error:
            if not topology.is_away(error):
                raise CannotStart(f"NATS at {url}: {error}.") from None
            return False
        return True

    await _soon(answered, f"JetStream does not answer at {url}", patience)


def _seed(keys: KeyFolder, name: str) -> Path:
    """The file with the key of `name`. Raises CannotStart where it is none, or can be neither read nor made."""
    try:
        keys.public(name)
    except OSError as error:
        raise CannotStart(f"{error.filename}: {error.strerror}.") from None
    except (NkeysError, ValueError):
        raise CannotStart(f"{keys.folder / name}.nk holds no nkey seed.") from None
    return keys.seed_file(name)


@contextmanager
def _knows(seed: Path, url: str) -> Iterator[None]:
    try:
        yield
    except NatsError as error:
        if "authorization violation" not in str(error).lower():
            raise
        raise CannotStart(f"{seed}: the nats-server at {url} refuses this key.") from None


async def _soon(holds: Callable[[], Awaitable[bool]], complaint: str, patience: float) -> None:
    try:
        await until(holds, seconds=patience)
    except TimeoutError:
        raise CannotStart(f"After {patience:g} s {complaint}.") from None


if __name__ == "__main__":
    with plainly():
        asyncio.run(apply())

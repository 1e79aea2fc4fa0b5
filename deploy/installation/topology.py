"""`python -m deploy.installation.topology`: set, users, indexes of MongoDB; streams, durables of NATS; repeatable.

Runs in the network of the set's first member: before there is any user, mongod listens to its own loopback alone. With
LOUNGE_MONGO_ADMIN_URL_FILE set and users are kept by somebody else (an operator), and only the indexes are made.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from nats.errors import Error as NatsError
from nats.errors import NoServersError
from pymongo import MongoClient

from deploy import topology
from deploy.installation import rooms
from deploy.mongo.admin import ADMIN, form_set, index_all
from deploy.mongo.prepare import prepare
from deploy.trouble import CannotStart, plainly
from deploy.waiting import until

_MONGO_PORT = 27_017
_PATIENCE = 120.0


async def apply() -> None:
    """Raises CannotStart, in one sentence, for a server that does not come or holds what cannot be changed."""
    await asyncio.gather(_mongo(), _nats())


async def _mongo() -> None:
    if (url := rooms.mongo_admin_url()) is not None:
        await asyncio.to_thread(_index, url)
        return
    passwords = rooms.passwords()

    async def primary() -> bool:
        return await asyncio.to_thread(form_set, _MONGO_PORT, passwords.of(ADMIN), rooms.mongo_hosts())

    await _soon(primary, f"no primary among {', '.join(rooms.mongo_hosts())}")
    await asyncio.to_thread(prepare, rooms.mongo_hosts(), passwords)


def _index(url: str) -> None:
    """The set and its users are an operator's; the indexes are ours all the same."""
    ca = os.environ.get("LOUNGE_MONGO_CA")
    tls: dict[str, Any] = {"tls": True, "tlsCAFile": ca} if ca else {}
    with MongoClient(url, tz_aware=True, **tls) as client:
        index_all(client)


async def _nats() -> None:
    keys = rooms.nats_keys()
    sites = keys.sites()
    replicas = rooms.stream_replicas()

    async def applied() -> None:
        ops = await topology.connect(rooms.nats_url(), keys.seed_file("ops"), "ops")
        try:
            await topology.apply(ops.jetstream(), sites=sites, replicas=replicas)
        finally:
            await ops.close()
        for site in sites:
            await topology.apply_site_account(rooms.nats_url(), keys, site, replicas)

    async def answered() -> bool:
        """A cluster that has no leader yet takes clients, and lets their wishes run out of time."""
        try:
            await applied()
        except (OSError, NoServersError):
            return False
        except NatsError as error:
            if not topology.is_away(error):
                raise
            return False
        return True

    await _soon(answered, f"JetStream does not answer at {rooms.nats_url()}")


async def _soon(holds: Callable[[], Awaitable[bool]], complaint: str) -> None:
    try:
        await until(holds, seconds=_PATIENCE)
    except TimeoutError:
        raise CannotStart(f"After {_PATIENCE:g} s {complaint}.") from None


if __name__ == "__main__":
    with plainly():
        asyncio.run(apply())

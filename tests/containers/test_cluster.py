"""Three nats-servers with three copies of each stream, three mongods: any one may be lost."""

import asyncio

from tests.containers.conftest import TAG
from tests.support.eventually import eventually
from tests.support.installation import Installation, Replica, installation
from tests.support.ledger import PERSON, Ledger, Slots

NATS = ("nats-1", "nats-2", "nats-3")
MONGO = ("mongo-1", "mongo-2", "mongo-3")
BETWEEN = 20
"""Successes to see before each fault and after the last: it strikes a system at work, and is over."""
_STEP_DOWN = """
from deploy.installation import rooms
from deploy.mongo.admin import ADMIN, url
import pymongo
client = pymongo.MongoClient(url(rooms.mongo_hosts(), ADMIN, rooms.passwords().of(ADMIN), source="admin"))
print(client.admin.command({"replSetStepDown": 5, "force": True}))
"""


async def test_each_member_may_be_lost_in_turn(images: None) -> None:
    with installation(TAG, nats=NATS, mongo=MONGO) as lounge:
        ledger = Ledger("cluster", lambda: lounge.url, lounge.lounge("token", PERSON), Slots())
        async with ledger.running(per_second=30):
            await ledger.succeeds(BETWEEN)
            ledger.mark("primary steps down")
            await asyncio.to_thread(lounge.python, _STEP_DOWN)
            for host in (*NATS, *MONGO):
                await ledger.succeeds(BETWEEN)
                ledger.mark(f"{host} killed")
                await asyncio.to_thread(_lost_and_back, lounge, lounge.of(host)[0])
            await ledger.succeeds(BETWEEN)
        found = await ledger.audit(seconds=60)
        ledger.write(found)


def _lost_and_back(lounge: Installation, replica: Replica) -> None:
    lounge.killed(replica)
    replica.container.start()
    eventually(lambda: lounge.answers(replica.service), what=f"{replica.service} to be a member again", seconds=120)

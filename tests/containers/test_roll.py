"""Each service is replaced by its next version under load, old and new side by side, and back again."""

import asyncio

import orjson
import pytest

from tests.containers.conftest import TAG
from tests.support import engine
from tests.support.installation import Installation
from tests.support.ledger import Ledger

NEXT = "next"
ORDER = ("members", "notify", "events", "booking", "gateway")
"""Those who are asked before those who ask: a new question must find somebody who understands it."""
BACK = ("booking", "notify")
"""Who says the most and who is told the most: old again, they read what the next version stored and said."""


@pytest.fixture(scope="session")
def next_images(images: None) -> None:
    for service in ORDER:
        engine.layered("tests/containers/next", f"lounge/{service}:{NEXT}", TODAY=f"lounge/{service}:{TAG}")


async def test_each_service_rolls_to_its_next_version_and_some_back(
    lounge: Installation, ledger: Ledger, next_images: None
) -> None:
    for service in ORDER[:-1]:
        await asyncio.to_thread(lambda service=service: lounge.add(service, wait=False))  # type: ignore[misc] # bound early
    await asyncio.to_thread(lounge.ready)
    async with ledger.running():
        for tag, order in ((NEXT, ORDER), (TAG, BACK)):
            for service in order:
                ledger.mark(f"{service} {tag}")
                await asyncio.to_thread(_rolled, lounge, service, tag)
                await ledger.succeeds(20)
    found = await ledger.audit()
    ledger.write(found)
    assert _said_by_the_next_version(lounge), "no message of the next version was ever on the stream"
    unknown = set(ledger.summary()["unknown_at_first"])
    assert not unknown & {"500", "502", "503", "504"}, unknown


def _rolled(lounge: Installation, service: str, tag: str) -> None:
    """The new ones beside the old ones, then the old ones go; of the gateway there is one, whose port is ours."""
    former = lounge.of(service)
    if service == "gateway":
        for old in former:
            lounge.remove(old)
            lounge.add(service, tag=tag)
        return
    for _ in former:
        lounge.add(service, tag=tag, wait=False)
    lounge.ready()
    for old in former:
        lounge.remove(old)


def _said_by_the_next_version(lounge: Installation) -> bool:
    """Whether the stream holds bookings of both versions."""
    told = lounge.python(_COUNT)
    counted = orjson.loads(told)
    return bool(counted["old"] and counted["new"])


_COUNT = """
import asyncio, json
from nats.js import api
from deploy import topology
from deploy.installation import rooms

async def main():
    ops = await topology.connect(rooms.nats_url(), rooms.nats_keys().seed_file("ops"), "ops")
    js, counted = ops.jetstream(), {"old": 0, "new": 0}
    only_look = api.ConsumerConfig(ack_policy=api.AckPolicy.NONE)
    pull = await js.pull_subscribe("evt.booking.booking_placed.v1.>", stream="EVENTS", config=only_look)
    while (await pull.consumer_info()).num_pending:
        for message in await pull.fetch(200, timeout=10):
            counted["new" if b"of_the_next_version" in message.data else "old"] += 1
    print(json.dumps(counted))

asyncio.run(main())
"""

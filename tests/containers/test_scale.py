"""Replicas come and go under load: nothing is lost, nothing done twice, nobody is answered with an error."""

import asyncio

from tests.support.installation import Installation
from tests.support.ledger import Ledger


async def test_a_service_is_scaled_up_and_down_under_load(lounge: Installation, ledger: Ledger) -> None:
    async with ledger.running():
        for service, more in (("booking", 2), ("events", 1), ("members", 1), ("notify", 1)):
            for _ in range(more):
                ledger.mark(f"{service} +1")
                await asyncio.to_thread(lounge.add, service)
                await ledger.succeeds(10)
        for service, less in (("booking", 2), ("events", 1), ("members", 1), ("notify", 1)):
            for _ in range(less):
                ledger.mark(f"{service} −1")
                await asyncio.to_thread(lounge.remove, lounge.of(service)[0])
                await ledger.succeeds(10)
    found = await ledger.audit()
    ledger.write(found)
    assert ledger.noticed() == [], "a graceful change of scale was noticed by a client"

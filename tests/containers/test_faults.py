"""Containers die, freeze and lose their network under load; the books still agree."""

import asyncio
from collections.abc import Callable

import pytest

from tests.support.installation import Installation, Replica
from tests.support.ledger import Ledger

SERVICES = ("booking", "events", "members", "notify")
AWAY_SECONDS = 2.0
BEFORE, AFTER = 20, 20
"""Successes to see before a fault, so that it strikes a system at work, and after it, so that it is over."""
Harm = Callable[[Installation, Replica], None]


def _kill(lounge: Installation, replica: Replica) -> None:
    lounge.killed(replica)


def _pause(_: Installation, replica: Replica) -> None:
    replica.container.pause()


def _cut(lounge: Installation, replica: Replica) -> None:
    lounge.cut(replica)


HEAL: dict[Harm, Harm] = {
    _kill: lambda _, replica: replica.container.start(),
    _pause: lambda _, replica: replica.container.unpause(),
    _cut: lambda lounge, replica: lounge.mend(replica),
}


@pytest.mark.parametrize("harm", HEAL, ids=lambda harm: harm.__name__.strip("_"))
async def test_what_happens_to_a_service_loses_and_doubles_nothing(
    lounge: Installation, ledger: Ledger, harm: Harm
) -> None:
    async with ledger.running(per_second=30):
        for service in SERVICES:
            await _harmed(lounge, ledger, lounge.of(service)[0], harm)
    ledger.write(await ledger.audit())


@pytest.mark.parametrize("server", ["nats", "mongo"])
async def test_a_server_that_is_killed_and_comes_back_loses_and_doubles_nothing(
    lounge: Installation, ledger: Ledger, server: str
) -> None:
    async with ledger.running(per_second=30):
        await _harmed(lounge, ledger, lounge.of(server)[0], _kill)
    ledger.write(await ledger.audit())


async def _harmed(lounge: Installation, ledger: Ledger, replica: Replica, harm: Harm) -> None:
    """The engine's own word of a replica's health is seconds old: that commands succeed is what says it is over."""
    await ledger.succeeds(BEFORE)
    ledger.mark(f"{replica.service} {harm.__name__.strip('_')}")
    await asyncio.to_thread(harm, lounge, replica)
    await asyncio.sleep(AWAY_SECONDS)  # how long the fault lasts, not a wait for anything
    await asyncio.to_thread(HEAL[harm], lounge, replica)
    await asyncio.to_thread(lounge.ready)
    await ledger.succeeds(AFTER)

"""Replicas that are told to stop, under load: they finish what they have, and no client notices."""

import asyncio
import json
import os
import signal

import httpx

from tests.support.eventually import eventually
from tests.support.ledger import PERSON, Ledger, Slots
from tests.support.system import System, system

STOPPED = ("booking-1", "events-1", "members-1", "notify-1", "booking-2")


async def test_a_replica_that_is_told_to_stop_takes_nothing_with_it() -> None:
    with system("--scale", "booking=2", "--scale", "events=2") as lounge:
        ledger = Ledger("stopped_replicas", lambda: lounge.url, lounge.token(PERSON), Slots())
        async with ledger.running():
            for process in STOPPED:
                ledger.mark(f"{process} stops")
                await asyncio.to_thread(_stopped_and_back, lounge, process)
        found = await ledger.audit()
        ledger.write(found)
        assert ledger.noticed() == []
        assert json.loads(lounge.lounge("dlq", "list", "--json")) == []


def _stopped_and_back(lounge: System, process: str) -> None:
    """As an operator stops it; the supervisor starts it again, and the next one only stops once it is at work."""
    before = lounge.pids()[process]
    os.kill(before, signal.SIGTERM)
    eventually(lambda: lounge.pids().get(process) not in (before, None), what=f"{process} to be another")
    eventually(lambda: _at_work(lounge, process), what=f"{process} to be at work again", seconds=30)


def _at_work(lounge: System, process: str) -> bool:
    (port,) = [each["port"] for each in lounge.run["processes"] if each["name"] == process]
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False

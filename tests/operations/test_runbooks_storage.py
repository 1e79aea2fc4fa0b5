"""docs/operations/storage-full.md, tried: its disk is really full. Its limit: test_store_limit.py."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.operations.conftest import Told
from tests.support.ledger import Ledger
from tests.support.signs import figure, monitor, server_said
from tests.support.system import System
from tests.support.waiting import until

BLOCK = 256 * 1024


async def unsent(told: Told) -> float:
    return float((await told("status"))["oldest_unsent_seconds"])


def filled(disk: Path) -> Path:
    """A file that takes all that is left of the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(BLOCK))
        except OSError:
            return ballast


async def test_a_full_disk_is_seen_cleared_and_the_server_restarted(
    house: System, ledger: Ledger, told: Told, disk: Path | None
) -> None:
    if disk is None:
        pytest.skip("only root can give JetStream a small disk of its own")
    async with ledger.running(per_second=20):
        await ledger.succeeds(10)
        ballast = await asyncio.to_thread(filled, disk)
        ledger.mark("the disk is full")
        await ledger.succeeds(20)
        await until(lambda: figure(house, ["gateway-1"], "lounge_jetstream_healthy") == 0, seconds=40)
        assert monitor(house, "/healthz").status_code == 503
        assert server_said(house, "no space left on device")
        ballast.unlink()
        written = len(server_said(house, "no space left on device"))
        ledger.mark("there is room again")
        await until(lambda: len(server_said(house, "no space left on device")) > written, seconds=40)
        assert await unsent(told) > 3, "there is room, and still nothing is written"
        os.kill(house.pids()["nats-1"], signal.SIGTERM)
        ledger.mark("nats-server restarts")

        async def well() -> bool:
            return figure(house, ["gateway-1"], "lounge_jetstream_healthy") == 1 and await unsent(told) < 2

        await ledger.succeeds(20)
        await until(well, seconds=60)
    ledger.write(await ledger.audit())
    assert await told("dlq", "list") == []

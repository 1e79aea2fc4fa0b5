"""docs/operations/poison-message.md and slow-consumer.md, tried on the running system under load."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nats

from tests.operations.conftest import Told
from tests.support.ledger import Ledger
from tests.support.patience import deadline
from tests.support.signs import figure, logged, monitor, server_said
from tests.support.system import System
from tests.support.waiting import until

DURABLE = "notify__booking_placed"
NOTIFY = ("notify-1", "notify-2")


async def client_of(house: System, name: str) -> Any:
    seed = str(house.folder / "keys" / "nats" / f"{name}.nk")
    return await nats.connect(house.run["nats"], nkeys_seed=seed, inbox_prefix=f"_INBOX_{name}", name=f"{name} by hand")


def parked(house: System) -> float:
    return figure(house, NOTIFY, "lounge_deliveries_total", durable=DURABLE, outcome="parked")


async def test_a_poison_message_is_seen_shown_replayed_in_vain_and_discarded(
    house: System, ledger: Ledger, told: Told
) -> None:
    before = parked(house)
    booking = await client_of(house, "booking")
    async with ledger.running(per_second=20):
        await ledger.succeeds(10)
        await booking.jetstream().publish("evt.booking.booking_placed.v1.poison", b"{no json", stream="EVENTS")
        ledger.mark("a poison message")
        await until(lambda: parked(house) == before + 1)
        await ledger.succeeds(20)
        (letter,) = await told("dlq", "list", "--durable", DURABLE)
        assert (letter["reason"], letter["subject"]) == ("malformed", "evt.booking.booking_placed.v1.poison")
        assert (await told("dlq", "show", str(letter["id"])))["body"] == "{no json"
        assert any(logged(house, each, "message.parked") for each in NOTIFY)
        await told("dlq", "replay", str(letter["id"]))
        await until(lambda: parked(house) == before + 2)
        (again,) = await told("dlq", "list")
        assert again["id"] > letter["id"], "its cause was not mended, so it is back"
        await told("dlq", "discard", str(again["id"]))
    await booking.close()
    ledger.write(await ledger.audit())
    assert await told("dlq", "list") == []
    assert (await told("status"))["dead_letters"]["total"] == 0


async def test_a_consumer_that_hangs_is_found_by_its_lag_and_restarted(
    house: System, ledger: Ledger, told: Told
) -> None:
    hung = [house.pids()[each] for each in NOTIFY]

    def lag() -> float:
        return figure(house, ["gateway-1"], "lounge_durable_pending_messages", durable=DURABLE)

    async with ledger.running(per_second=12):
        await ledger.succeeds(5)
        for pid in hung:
            os.kill(pid, signal.SIGSTOP)
        ledger.mark("both of notify hang")
        await until(lambda: lag() > 3, seconds=40)
        seen = lag()
        await until(lambda: lag() > seen, seconds=40)
        (notify,) = [each for each in (await told("status"))["services"] if each["service"] == "notify"]
        assert notify["ready"] is False
        await ledger.succeeds(10)
        for pid in hung:
            os.kill(pid, signal.SIGKILL)
        ledger.mark("both restarted")

        async def back() -> bool:
            services = {each["service"]: each for each in (await told("status"))["services"]}
            return bool(services["notify"]["ready"])

        await until(back, seconds=60)
        await ledger.succeeds(5)
    await until(lambda: lag() == 0, seconds=90)
    ledger.write(await ledger.audit(seconds=90))
    assert await told("dlq", "list") == []


_READS_NOTHING = """
import asyncio, sys, nats
async def main():
    client = await nats.connect(sys.argv[1], nkeys_seed=sys.argv[2], name="reads nothing", allow_reconnect=False)
    await client.subscribe("_INBOX_ops.flood")
    await client.flush()
    print("ready", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@contextmanager
def reads_nothing(house: System) -> Iterator[None]:
    """A connection that subscribes, and then hangs with its socket open."""
    argv = [sys.executable, "-c", _READS_NOTHING, house.run["nats"], str(house.folder / "keys" / "nats" / "ops.nk")]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGSTOP)
        yield
    finally:
        child.kill()
        child.wait()


async def test_a_connection_that_reads_nothing_is_cut_by_the_server_and_nobody_else_is_held_up(
    house: System, ledger: Ledger
) -> None:
    booking, chunk = await client_of(house, "booking"), bytes(900_000)
    with reads_nothing(house):
        async with ledger.running(per_second=20):
            await ledger.succeeds(5)
            ledger.mark("a slow consumer")
            end = deadline(40)
            while not server_said(house, "Slow Consumer Detected"):
                assert time.monotonic() < end, "the server holds it for ever"
                for _ in range(10):
                    await booking.publish("_INBOX_ops.flood", chunk)
                await booking.flush()
            await ledger.succeeds(20)
    await booking.close()
    assert (await asyncio.to_thread(monitor, house, "/varz")).json()["slow_consumers"] >= 1
    ledger.write(await ledger.audit())
    assert ledger.noticed() == [], "a caller noticed"

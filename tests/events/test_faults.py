"""Replicas that are killed, and servers that go away, in the middle of what they do."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from deploy import topology
from deploy.embedded.children import spawn, stop
from shared.contracts.events import CancelRegistration, Register
from shared.contracts.topology import ingest_durable
from tests.events.conftest import House, around, member
from tests.events.words import published
from tests.support.leaks import assert_nobody_in, logs_of, said_in
from tests.support.servers import Servers
from tests.support.waiting import until

PAST = datetime(2026, 1, 1, tzinfo=UTC)
Start = Callable[..., Popen[bytes]]


@pytest.fixture
def start(clean: Servers, tmp_path: Path) -> Iterator[Start]:
    """Starts a replica as a process of its own; `crash` arms a crash point."""
    children: list[Popen[bytes]] = []

    def started(**settings: Any) -> Popen[bytes]:
        env = {**os.environ, **clean.settings_env("events", **settings)}
        child = spawn([sys.executable, "-m", "services.events"], said=tmp_path / "replica.log", env=env)
        children.append(child)
        return child

    yield started
    for child in children:
        stop(child)
    assert_nobody_in(said_in(logs_of(tmp_path)))


async def died(child: Popen[bytes]) -> None:
    await until(lambda: child.poll() is not None, seconds=20)
    assert child.returncode == -9


@pytest.fixture
async def impatient(clean: Servers) -> AsyncIterator[None]:
    """What a dead replica had in hand comes again after a second, not after ten."""
    ops = await clean.client("ops")
    await topology.apply_durable(ops.jetstream(), replace(ingest_durable("osaka"), ack_wait=1))
    yield
    await topology.apply_durable(ops.jetstream(), ingest_durable("osaka"))
    await ops.close()


@pytest.mark.parametrize("point", ["store.after_write", "consumer.after_effect", "relay.after_publish"])
@pytest.mark.usefixtures("impatient")
async def test_a_replica_killed_anywhere_in_the_pipeline_loses_and_doubles_nothing(
    clean: Servers, start: Start, point: str
) -> None:
    async with around(clean) as house:
        first = start(crash=f"{point}:kill@1")
        for n in range(5):
            await house.publish(published("osaka", f"s-{n}"))
        await died(first)
        start()
        receipts = await house.receipts(5, seconds=25)
        assert {r["outcome"] for r in receipts} == {"accepted"}
        assert len({r["id"] for r in receipts}) == len(receipts) == 5

        async def told() -> bool:
            return len({e["seminar"]["id"] for e in await house.told("events.seminar_announced.v1")}) == 5

        await until(told)
        assert {doc["version"] for doc in house.stored("seminars")} == {1}


async def test_a_replica_killed_between_release_and_promotion_strands_nobody(clean: Servers, start: Start) -> None:
    async with around(clean) as house:
        first = start(crash="waitlist.between_release_and_promotion:kill@1")
        seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
        for name in ("m-1", "m-2"):
            await house.ask(Register(seminar=seminar, mode="onsite"), member(name), key=name)
        with suppress(TimeoutError):
            await house.ask(CancelRegistration(seminar=seminar), member("m-1"), seconds=1.5)
        await died(first)
        (waiting,) = house.stored("registrations", seminar=seminar, status="waiting")
        house.admin["events"]["registrations"].update_one({"_id": waiting["_id"]}, {"$set": {"due_at": PAST}})
        start()
        await until(lambda: house.stored("registrations", member="m-2")[0]["status"] == "confirmed", seconds=45)
        assert house.stored("registrations", member="m-1")[0]["status"] == "cancelled"


async def test_messages_published_while_mongod_is_away_are_taken_in_after_it(house: House, clean: Servers) -> None:
    await house.seminar("before")
    clean.kill_mongo()
    try:
        for n in range(20):
            await house.publish(published("osaka", f"during-{n}"))
    finally:
        clean.restart_mongo()
    receipts = await house.receipts(21, seconds=25)
    assert [r["outcome"] for r in receipts] == ["accepted"] * 21
    assert len(house.stored("seminars")) == 21


async def test_a_site_nobody_keeps_receipts_for_does_not_hold_its_messages_up(house: House, clean: Servers) -> None:
    hub = await clean.client("hub-nyc")
    await hub.jetstream().delete_stream("RECEIPTS")
    try:
        await house.publish(published("nyc"), site="nyc")
        await until(lambda: bool(house.stored("seminars", site="nyc")))
        await house.settled("nyc")
    finally:
        await clean.apply_topology()
        await hub.close()

"""Timers: judged by the database's clock, taken by one, run again when they failed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.kernel.time import Clock
from shared.kit import ticker
from shared.kit.clock import SystemClock, VirtualClock
from shared.kit.documents import Documents
from shared.kit.tasks import ended
from shared.kit.ticker import Handle, Ticker
from tests.kit.conftest import Running
from tests.support.things import cause, thing
from tests.support.waiting import until

HOUR = timedelta(hours=1)


class Off:
    """A clock that is wrong."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def now(self) -> datetime:
        return SystemClock().now() + self.off


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "LEASE_MS", 400)
    monkeypatch.setattr(ticker, "_IDLE_SECONDS", 0.02)


@asynccontextmanager
async def ticking(things: Documents, handle: Handle, *clocks: Clock) -> AsyncIterator[None]:
    """One ticker per clock, all over the same collection."""
    tickers = [Ticker(things.collection, clock, {"remind": handle}) for clock in clocks or (SystemClock(),)]
    tasks = [asyncio.create_task(each.run()) for each in tickers]
    try:
        yield
    finally:
        await ended(tasks)


async def due(things: Documents, name: str, at: datetime) -> None:
    await things.insert(name, "nyc", thing(name, due=(at, "remind")), cause(name), at=SystemClock().now())


class Reminding:
    """Disarms what it handles, and counts."""

    def __init__(self, things: Documents, *, failures: int = 0, error: Exception | None = None) -> None:
        self.things = things
        self.error = error or ConnectionError("no luck")
        self.missed: list[int] = []
        self.handled: Counter[str] = Counter()
        self.failures = failures
        self.when: list[datetime] = []
        self.leases: list[datetime | None] = []
        """The lease each document had before it was taken."""

    async def __call__(self, doc: dict[str, Any]) -> None:
        self.handled[doc["_id"]] += 1
        self.when.append(SystemClock().now())
        self.leases.append(doc.get("lease"))
        self.missed.append(doc.get("missed", 0))
        if self.handled[doc["_id"]] <= self.failures:
            raise self.error
        at = SystemClock().now()
        await self.things.change(doc["_id"], lambda _: thing(doc["name"]), cause(f"r{doc['version']}"), at=at)


async def nothing_armed(things: Documents) -> bool:
    return bool(await things.collection.count_documents({"due_at": {"$exists": True}}) == 0)


async def test_each_due_document_is_handled_once_by_two_tickers(running: Running) -> None:
    async with running() as (service, things):
        now = service.clock.now()
        for n in range(20):
            await due(things, f"t{n}", now - timedelta(seconds=n))
        reminding = Reminding(things)
        async with ticking(things, reminding, SystemClock(), SystemClock()):
            await until(lambda: nothing_armed(things))
    assert reminding.handled == Counter({f"t{n}": 1 for n in range(20)})


async def test_what_failed_runs_again_once_its_lease_is_over(running: Running) -> None:
    async with running() as (service, things):
        await due(things, "a", service.clock.now())
        reminding = Reminding(things, failures=2)
        async with ticking(things, reminding):
            await until(lambda: nothing_armed(things))
    assert reminding.handled["a"] == 3
    first, *again = zip(reminding.leases, reminding.when, strict=True)
    assert first[0] is None
    assert all(lease is not None and lease <= taken for lease, taken in again)
    assert reminding.leases[1] != reminding.leases[2]


async def test_a_handler_that_hangs_is_cut_off_and_harms_no_other(
    one: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker, "HANDLER_TIMEOUT", 0.1)
    async with one() as (service, things):
        now = service.clock.now()
        await due(things, "hangs", now - HOUR)
        await due(things, "b", now)
        reminding = Reminding(things)

        async def handle(doc: dict[str, Any]) -> None:
            if doc["_id"] == "hangs":
                await asyncio.Event().wait()
            await reminding(doc)

        async with ticking(things, handle):
            await until(lambda: reminding.handled["b"] == 1)


async def test_a_kind_nobody_handles_harms_no_other(one: Running) -> None:
    async with one() as (service, things):
        now = service.clock.now()
        await things.insert("odd", "nyc", thing("odd", due=(now - HOUR, "unknown")), cause("odd"), at=now)
        await due(things, "a", now)
        reminding = Reminding(things)
        async with ticking(things, reminding):
            await until(lambda: reminding.handled["a"] == 1)


@pytest.mark.parametrize("off", [HOUR, -HOUR])
async def test_a_replica_whose_clock_is_an_hour_off_is_neither_early_nor_late_nor_double(
    one: Running, off: timedelta
) -> None:
    async with one() as (service, things):
        now = service.clock.now()
        await due(things, "soon", now + timedelta(seconds=0.6))
        await due(things, "later", now + timedelta(minutes=30))
        reminding = Reminding(things)
        async with ticking(things, reminding, Off(off), SystemClock()):
            await until(lambda: reminding.handled["soon"] == 1)
        assert reminding.handled == {"soon": 1}
        assert timedelta(seconds=0.6) <= reminding.when[0] - now < timedelta(seconds=3)


async def test_under_a_virtual_clock_the_file_says_what_is_due(one: Running, tmp_path: Path) -> None:
    async with one() as (_, things):
        shown = tmp_path / "clock"
        shown.write_text("2022-12-15T09:00:00+00:00")
        await due(things, "a", datetime(2022, 12, 15, 10, tzinfo=UTC))
        await due(things, "b", datetime(2022, 12, 17, tzinfo=UTC))
        reminding = Reminding(things)
        async with ticking(things, reminding, VirtualClock(shown)):
            await until(lambda: asked_in_vain(reminding))
            shown.write_text("2022-12-16T09:00:00+00:00")
            await until(lambda: reminding.handled["a"] == 1)
        assert reminding.handled == {"a": 1}


async def asked_in_vain(reminding: Reminding) -> bool:
    for _ in range(5):
        await asyncio.sleep(0.02)
    return not reminding.handled


async def test_a_handler_may_arm_the_next_timer(one: Running) -> None:
    async with one() as (service, things):
        now = service.clock.now()
        await due(things, "a", now)
        seen: list[str] = []

        async def rearm(doc: dict[str, Any]) -> None:
            seen.append(doc["name"])
            step = len(seen)
            again = (service.clock.now(), "remind") if step < 3 else None
            await things.change("a", lambda _: thing(f"step-{step}", due=again), cause(f"r{step}"), at=now)

        async with ticking(things, rearm):
            await until(lambda: nothing_armed(things))
        assert seen == ["a", "step-1", "step-2"]
        doc = await things.get("a")
        assert doc is not None
        assert "lease" not in doc


async def test_a_ticker_outlives_an_outage(one: Running) -> None:
    async with one() as (service, things):
        await due(things, "a", service.clock.now())
        reminding, cut = Reminding(things), list[int]()
        collection = things.collection

        class Flaky:
            name = "things"

            async def find_one_and_update(self, *args: Any, **more: Any) -> Any:
                if len(cut) < 2:
                    cut.append(1)
                    raise ConnectionError("cut")
                return await collection.find_one_and_update(*args, **more)

        ticking_on = Ticker(Flaky(), SystemClock(), {"remind": reminding})
        task = asyncio.create_task(ticking_on.run())
        await until(lambda: nothing_armed(things))
        await ended([task])
        assert reminding.handled == {"a": 1}

"""Errands: done in turns until nothing is left, once more when what was under way has ended, and then said. Once."""

from datetime import timedelta
from typing import Any

import pytest

from shared.kit import ticker
from shared.kit.documents import Documents
from shared.kit.errands import DUE, SETTLED, Errands, Turn
from shared.kit.service import Service
from tests.kit.conftest import Running
from tests.support.booking import StillClock
from tests.support.things import ThingMade
from tests.support.waiting import until


class Shelf:
    """Ten things, three a turn; as long as `late` says so, one more appears behind each look."""

    def __init__(self, *, late: int = 0, failures: int = 0) -> None:
        self.left, self.late, self.failures = 10, late, failures
        self.turns: list[tuple[int, dict[str, Any]]] = []

    async def work(self, doc: dict[str, Any]) -> Turn:
        self.turns.append((doc["round"], doc["facts"]))
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no luck")
        done = min(3, self.left)
        self.left -= done
        if self.left == 0 and self.late:
            self.late -= 1
            self.left = 1
            return Turn({"things": done})
        return Turn({"things": done}, more=self.left > 0)


def errands(service: Service, things: Documents, shelf: Shelf, clock: StillClock) -> Errands:
    def said(about: str, counts: Any, version: int) -> ThingMade:
        return ThingMade(name=f"{about} {dict(counts)} v{version}")

    return Errands(things, clock, site="booking", work=shelf.work, said=said)


async def stored(things: Documents) -> dict[str, Any]:
    doc: dict[str, Any] | None = await things.collection.find_one({})
    assert doc is not None
    return doc


async def test_it_goes_on_until_nothing_is_left_looks_again_when_all_has_settled_and_says_so_once(
    running: Running,
) -> None:
    async with running() as (service, things):
        clock, shelf = StillClock(service.clock.now()), Shelf(late=1)
        own = errands(service, things, shelf, clock)
        for _ in range(3):
            await own.begin("ana", {"address": "x"})
        assert await things.collection.count_documents({}) == 1
        for _ in range(4):
            doc = await stored(things)
            assert (doc["due_at"], doc["due_kind"], doc["log"]) == (clock.at, DUE, [])
            await own.turn(doc)
        doc = await stored(things)
        assert (doc["round"], doc["due_at"]) == (1, clock.at + SETTLED)
        clock.at += SETTLED
        await own.turn(doc)
        doc = await stored(things)
        assert [entry["data"]["name"] for entry in doc["log"]] == ["ana {'things': 11} v6"]
        assert (doc["facts"], doc["done_at"], "due_at" in doc) == ({}, clock.at, False)
        await own.turn(doc)
        assert len((await stored(things))["log"]) == 1
    assert [round_ for round_, _ in shelf.turns[:5]] == [0, 0, 0, 0, 1]
    assert all(facts == {"address": "x"} for _, facts in shelf.turns[:5])


async def test_begun_again_after_its_end_it_is_gone_over_again_and_said_again(running: Running) -> None:
    async with running() as (service, things):
        clock, shelf = StillClock(service.clock.now()), Shelf()
        own = errands(service, things, shelf, clock)
        for again in (1, 2):
            doc = await own.begin("ana", {"time": again})
            while doc["done_at"] is None:
                clock.at = max(clock.at, doc["due_at"])
                await own.turn(doc)
                doc = await stored(things)
            assert len(doc["log"]) == again
    assert shelf.turns[-1][1] == {"time": 2}


async def test_a_turn_that_could_do_nothing_of_what_is_left_waits_a_moment(running: Running) -> None:
    async with running() as (service, things):
        clock = StillClock(service.clock.now())

        async def work(_: dict[str, Any]) -> Turn:
            return Turn({"things": 0}, more=True)

        own = Errands(things, clock, site="booking", work=work, said=lambda *_: ThingMade(name="never"))
        await own.turn(await own.begin("ana", {}))
        assert (await stored(things))["due_at"] == clock.at + timedelta(seconds=1)


async def test_two_that_take_a_turn_at_once_do_not_skip_the_second_look(running: Running) -> None:
    async with running() as (service, things):
        clock, shelf = StillClock(service.clock.now()), Shelf()
        shelf.left = 2
        own = errands(service, things, shelf, clock)
        doc = await own.begin("ana", {})
        await own.turn(doc)
        await own.turn(doc)
        now = await stored(things)
        assert (now["round"], now["done_at"], now["due_at"]) == (1, None, clock.at + SETTLED)


async def test_a_turn_that_fails_comes_again_by_the_ticker(one: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "LEASE_MS", 100)
    monkeypatch.setattr(ticker, "_IDLE_SECONDS", 0.02)
    async with one() as (service, things):
        clock, shelf = StillClock(service.clock.now() - timedelta(hours=1)), Shelf(failures=2)
        own = errands(service, things, shelf, clock)
        await own.begin("ana", {})
        task = ticker.Ticker(things.collection, service.clock, {DUE: own.turn})

        async def done() -> bool:
            doc = await task._take()
            if doc is not None:
                await task._handle(doc)
            return (await stored(things))["done_at"] is not None

        await until(done)
    assert len(shelf.turns) > 5

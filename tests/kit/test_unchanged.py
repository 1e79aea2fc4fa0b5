"""Reads that are made anew only once something has changed: on the real mongod with both drivers."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.kit.clock import VirtualClock
from shared.kit.documents import Documents, unchanged
from shared.kit.documents.unchanged import FRESH_SECONDS, LATE, Unchanged, counting
from tests.kit.conftest import Running, cause, thing


@dataclass
class Elapsed:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Names:
    """Reads the names of all things, and tells how often."""

    things: Documents
    reads: int = 0
    elapsed: Elapsed = field(default_factory=Elapsed)

    async def read(self, _: str) -> list[str]:
        self.reads += 1
        return sorted([doc["name"] async for doc in self.things.collection.find({})])

    def unchanged(self, **other: Any) -> Unchanged[str, list[str]]:
        return Unchanged(self.things.collection, other.get("clock", self.things.clock), self.read, elapsed=self.elapsed)


async def test_nothing_is_read_anew_while_nothing_changes_and_each_change_is_seen_at_once(running: Running) -> None:
    async with running() as (service, things):
        names = Names(things)
        ask = names.unchanged()
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=service.clock.now())
        first, second = await ask("all"), await ask("all")
        assert [await ask("all") for _ in range(5)] == [["desk"]] * 5
        assert (first, second, names.reads) == (["desk"], ["desk"], 2)
        await things.change("a", lambda _: thing("sofa"), cause("c1"), at=service.clock.now())
        assert await ask("all") == ["sofa"]
        await things.insert("b", "nyc", thing("lamp"), cause("k1"), at=service.clock.now())
        assert await ask("all") == await ask("all") == ["lamp", "sofa"]
        assert names.reads == 4


async def test_what_bears_an_earlier_instant_than_was_read_at_is_seen_too(running: Running) -> None:
    async with running() as (service, things):
        ask = Names(things).unchanged()
        for _ in range(3):
            await ask("all")
        slow = service.clock.now() - LATE + timedelta(seconds=2)
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=slow)
        assert await ask("all") == ["desk"]


async def test_it_is_read_anew_after_two_seconds_whatever_the_changes_say(one: Running) -> None:
    async with one() as (_, things):
        names = Names(things)
        ask = names.unchanged()
        for _ in range(5):
            await ask("all")
        assert names.reads == 2
        names.elapsed.seconds = FRESH_SECONDS
        await ask("all")
        assert names.reads == 3


async def test_what_is_asked_once_costs_one_read_and_nothing_else(
    one: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with one() as (_, things):
        names, looks = Names(things), list[Any]()
        ask = names.unchanged()

        async def looked(since: Any) -> tuple[int, int]:
            looks.append(since)
            return 0, 0

        monkeypatch.setattr(ask, "changes", looked)
        for n in range(100):
            await ask(f"key {n}")
        assert (names.reads, looks) == (100, [])


async def test_where_too_much_changes_everything_is_read(one: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "MOST_CHANGES", 2)
    async with one() as (service, things):
        names = Names(things)
        ask = names.unchanged()
        for n in range(3):
            await things.insert(f"t{n}", "nyc", thing("desk"), cause(f"k{n}"), at=service.clock.now())
        for _ in range(4):
            await ask("all")
        assert names.reads == 4


async def test_with_a_clock_that_is_moved_by_hand_nothing_is_remembered(one: Running, tmp_path: Path) -> None:
    hands = tmp_path / "clock"
    hands.write_text("2026-12-01T00:00:00Z")
    async with one() as (_, things):
        names = Names(things)
        ask = names.unchanged(clock=VirtualClock(hands))
        for _ in range(4):
            await ask("all")
        assert names.reads == 4


async def test_changes_are_counted_in_the_index_alone(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        for n in range(40):
            late = at - timedelta(seconds=n)
            await things.insert(f"t{n}", "nyc", thing("desk", f"seat|{n}"), cause(f"k{n}"), at=late)
        assert (await Names(things).unchanged().changes(at - timedelta(seconds=9.5)))[0] == 10
        explained = await things.collection.database.command(
            "explain",
            {"aggregate": "things", "pipeline": counting(at - timedelta(seconds=9.5)), "cursor": {}},
            verbosity="executionStats",
        )
        ran = executed(explained)
        assert (ran["totalDocsExamined"], ran["totalKeysExamined"]) == (0, 10)


def executed(explained: dict[str, Any]) -> dict[str, Any]:
    stats: dict[str, Any] = explained.get("executionStats") or explained["stages"][0]["$cursor"]["executionStats"]
    return stats

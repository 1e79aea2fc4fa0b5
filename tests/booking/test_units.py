"""What is remembered: seldom read, never for long, never wrongly refused for."""

import asyncio

import pytest

from services.booking.domain.quota import Share
from services.booking.store import Units
from services.booking.store.remembered import MOST, Remembered
from shared.kit.documents import ClaimTaken
from tests.support.booking import NOW
from tests.support.waiting import until

POOL = Share("quota|org|weekly-hours|2026-W51|", 4, 10, NOW)


class Held:
    """Where the truth is."""

    def __init__(self) -> None:
        self.used: set[int] = set()
        self.reads = 0

    async def used_units(self, site: str, prefix: str) -> set[int]:
        self.reads += 1
        return set(self.used)


async def test_a_pool_with_enough_left_is_read_once_in_two_seconds() -> None:
    held, passed = Held(), [0.0]
    units = Units(held, elapsed=lambda: passed[0])
    for _ in range(5):
        assert (await units.free("nyc", [POOL]))[POOL.prefix] == set(range(10))
    passed[0] = 1.9
    await units.free("nyc", [POOL])
    assert held.reads == 1
    passed[0] = 2.0
    held.used = {1}
    assert (await units.free("nyc", [POOL]))[POOL.prefix] == set(range(10)) - {1}


async def test_what_was_drawn_here_is_not_offered_again_but_what_was_not_written_is() -> None:
    units = Units(Held())
    await units.free("nyc", [POOL])
    claims = [f"{POOL.prefix}{n:03d}" for n in (0, 1, 2)]
    with units.drawn("nyc", [*claims, "room-a|2026-12-15T19:00"]):
        pass
    assert (await units.free("nyc", [POOL]))[POOL.prefix] == set(range(3, 10))
    others = [f"{POOL.prefix}{n:03d}" for n in (3, 4)]
    with pytest.raises(ClaimTaken), units.drawn("nyc", others):
        raise ClaimTaken(others[0])
    assert (await units.free("nyc", [POOL]))[POOL.prefix] == set(range(4, 10))
    assert (await units.free("tokyo", [POOL]))[POOL.prefix] == set(range(10))


async def test_before_a_pool_is_said_to_be_empty_it_is_read_again() -> None:
    held = Held()
    held.used = set(range(10))
    units = Units(held)
    assert (await units.free("nyc", [POOL]))[POOL.prefix] == set()
    held.used = {0, 1}
    assert (await units.free("nyc", [POOL]))[POOL.prefix] == set(range(2, 10))


async def test_a_pool_in_which_units_are_lost_again_is_read_again() -> None:
    held = Held()
    units = Units(held)
    await units.free("nyc", [POOL])
    held.used = {0, 1, 2}
    units.outdated("nyc", [f"{POOL.prefix}001"])
    assert (await units.free("nyc", [POOL]))[POOL.prefix] == set(range(3, 10))


async def test_what_is_remembered_has_a_bound() -> None:
    read: list[int] = []

    async def look(key: int) -> int:
        read.append(key)
        return key

    remembered = Remembered(look, elapsed=lambda: 0.0)
    for key in range(MOST + 1):
        await remembered.get(key)
    assert (remembered.peek(0), remembered.peek(MOST)) == (None, MOST)
    remembered.forget(MOST)
    await remembered.get(MOST)
    assert read[-2:] == [MOST, MOST]


class Slow:
    """A read that ends when it is let, with what was so when it began."""

    def __init__(self) -> None:
        self.so, self.begun, self.let = "old", 0, asyncio.Event()

    async def look(self, key: str) -> str:
        found, self.begun = self.so, self.begun + 1
        await self.let.wait()
        return found


async def test_what_is_remembered_is_as_old_as_the_beginning_of_its_read() -> None:
    slow, passed = Slow(), [0.0]
    remembered = Remembered(slow.look, elapsed=lambda: passed[0])
    reading = asyncio.create_task(remembered.get("site"))
    await until(lambda: slow.begun == 1)
    passed[0] = 1.5
    slow.let.set()
    assert (await reading, remembered.peek("site")) == ("old", "old")
    passed[0] = 2.0
    assert remembered.peek("site") is None


async def test_what_is_forgotten_while_it_is_read_is_not_remembered_as_it_was() -> None:
    slow = Slow()
    remembered = Remembered(slow.look)
    reading = asyncio.create_task(remembered.get("site"))
    await until(lambda: slow.begun == 1)
    slow.so = "new"
    remembered.forget("site")
    slow.let.set()
    assert (await reading, remembered.peek("site")) == ("old", None)
    assert (await remembered.get("site"), remembered.peek("site")) == ("new", "new")

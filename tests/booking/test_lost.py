"""Who wants what was just lost looks before writing: never told more than is so, and nothing is written in vain."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.settling import cancel
from services.booking.store import Bookings
from services.booking.store.lost import KEPT_SECONDS, Lost, Try
from shared.kit.documents import Cause, ClaimTaken, Draft, Stored
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings
from tests.booking.test_store_bookings import ANA, cancelling, cause, decided
from tests.support.booking import NOW, ROOM, ROOM_B, StillClock
from tests.support.documents import FakeDocuments
from tests.support.fake_bookings import FakeBookings


class Counting(FakeDocuments):
    """Tells which documents somebody tried to write."""

    def __init__(self) -> None:
        super().__init__(StillClock())
        self.tried: list[str] = []

    async def insert(self, doc_id: str, site: str, draft: Draft, *args: Any, **more: Any) -> Stored:
        self.tried.append(doc_id)
        return await super().insert(doc_id, site, draft, *args, **more)


async def place(bookings: Bookings, name: str, *, seed: int = 0, by: Cause | None = None) -> Stored:
    return await bookings.place(decided(name, seed=seed), by or cause(name), at=NOW)


async def lose(bookings: Bookings, name: str) -> str:
    with pytest.raises(ClaimTaken) as lost:
        await place(bookings, name, seed=1)
    return lost.value.claim


async def freed(bookings: Bookings, name: str) -> None:
    await bookings.change(name, lambda b: cancel(b, at=NOW), cancelling(), ANA, at=NOW)


async def test_after_one_has_lost_a_claim_nobody_writes_in_vain_for_it() -> None:
    documents = Counting()
    bookings = FakeBookings(documents)
    await place(bookings, "b1")
    claims = {await lose(bookings, name) for name in ("b2", "b3", "b4")}
    assert len(claims) == 1
    assert next(iter(claims)) in ROOM.claims(decided("b1").state.interval)
    assert documents.tried == ["b1", "b2"]


async def test_a_unit_somebody_else_drew_is_not_remembered() -> None:
    documents = Counting()
    bookings = FakeBookings(documents)
    await bookings.place(decided("b1", "2026-12-15 09:00"), cause("b1"), at=NOW)
    for name in ("b2", "b3"):
        with pytest.raises(ClaimTaken, match="quota"):
            await bookings.place(decided(name, "2026-12-15 19:00", room=ROOM_B), cause(name), at=NOW)
    assert documents.tried == ["b1", "b2", "b3"]


async def test_what_was_given_back_is_had_by_the_next_at_once(bookings: Bookings) -> None:
    await place(bookings, "b1")
    await lose(bookings, "b2")
    await lose(bookings, "b3")
    await freed(bookings, "b1")
    assert not (await place(bookings, "b4")).replay
    assert await lose(bookings, "b5") == await lose(bookings, "b6")


async def test_a_retry_of_what_was_placed_is_its_replay_also_where_others_have_lost_since(bookings: Bookings) -> None:
    await place(bookings, "b1")
    await lose(bookings, "b2")
    assert (await place(bookings, "b1")).replay
    await freed(bookings, "b1")
    await place(bookings, "b3")
    await lose(bookings, "b4")
    assert (await place(bookings, "b1")).replay, "of one that was cancelled since, while somebody else holds its time"


async def test_of_many_who_want_what_was_lost_and_freed_one_has_it_whoever_remembers(mongo: Mongo) -> None:
    replicas = [real_bookings(mongo) for _ in range(3)]
    won = "b0"
    await place(replicas[0], won)
    for n, each in enumerate(replicas):
        await lose(each, f"early{n}")
    for turn in range(4):
        await freed(replicas[turn % 3], won)
        tries = [place(replicas[n % 3], f"t{turn}x{n}", seed=n) for n in range(24)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        (won,) = [each.doc["_id"] for each in outcomes if isinstance(each, Stored)]
        assert sum(isinstance(each, ClaimTaken) for each in outcomes) == 23


async def test_it_is_remembered_for_a_while_and_asked_for_all_together() -> None:
    looks: list[list[Try]] = []
    now = 0.0

    async def look(tries: Any) -> list[Try]:
        looks.append([*tries])
        await asyncio.sleep(0)
        return looks[-1]

    lost = Lost(look, elapsed=lambda: now)
    assert await lost.held("b1", "nyc", ["room-a|1"]) is None
    lost.note("nyc", "room-a|1")
    assert await lost.held("b1", "nyc", ["room-a|0"]) is None
    assert await lost.held("b1", "tokyo", ["room-a|1"]) is None
    assert looks == []
    held = await asyncio.gather(*(lost.held(f"b{n}", "nyc", ["room-a|0", "room-a|1"]) for n in range(30)))
    assert held == ["room-a|1"] * 30
    assert [len(each) for each in looks] == [30]
    now += timedelta(seconds=KEPT_SECONDS).total_seconds()
    assert await lost.held("b1", "nyc", ["room-a|1"]) is None
    assert len(looks) == 1

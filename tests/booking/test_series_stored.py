"""Series on the real mongod with both drivers: how they are kept, found, and raced for."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from services.booking.domain.refusals import SlotTaken
from services.booking.domain.viewer import ITSELF, Viewer
from services.booking.handlers.forgetting import PAGE, TEXT_KEPT, Forgetting
from services.booking.store import Bookings, BookingsPage, Names, NameState, SeriesStore, Waits
from services.booking.store.series_mapping import series_of
from shared.contracts.booking import CancelSeries, ChangeSeries
from shared.kernel.refusal import Busy, Refusal, VersionStale
from shared.kit.copies import Copy
from shared.kit.documents import Documents, Stored
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings, real_series
from tests.booking.test_forgetting import Stream, assert_chained, one_site, sent
from tests.booking.test_store_indexes import Asked, assert_narrow, filled
from tests.support.booking import (
    NEW_YORK,
    ROOM,
    ROOM_B,
    SITE,
    FakeHouse,
    StillClock,
    asked,
    member,
    ny,
    place,
    span,
    staff,
    to_repeat,
)

LATER = ny("2028-01-01 00:00")


class Replica(FakeHouse):
    """The handlers of one replica over the real collection."""

    def __init__(self, mongo: Mongo, seed: int = 1, *, quiet: bool = False) -> None:
        both, always = (
            replace(ROOM, id="room-ab", parts=("room-a", "room-b")),
            replace(ROOM, id="open", opening_hours=None),
        )
        super().__init__(ROOM, ROOM_B, both, always, site=replace(SITE, calendars=()) if quiet else SITE)
        self.work_on(real_bookings(mongo))
        self.repeat = replace(self.repeating_on(real_series(mongo)), chance=Random(seed))
        self.reshape = replace(self.reshaping_on(real_series(mongo)), chance=Random(seed))

    async def book(self, key: str = "s1", **more: Any) -> Stored:
        by = staff() if more.pop("staff", False) else member()
        return await self.repeat.place_series(asked(to_repeat(**more), by, key=key, deadline=LATER))


def page(first: str = "2026-12-01 00:00", **more: Any) -> BookingsPage:
    return replace(BookingsPage(("nyc",), start=ny(first)), **more)


async def test_it_comes_back_as_it_was_placed_and_is_seen_wherever_bookings_are(mongo: Mongo) -> None:
    house = Replica(mongo)
    bookings, series = real_bookings(mongo), real_series(mongo)
    doc = (await house.book(recurrence="FREQ=WEEKLY;COUNT=5", wall="2026-12-11 19:00", on_conflict="skip")).doc
    assert [each.index for each in series_of(doc).occurrences] == [0, 1, 4]
    stored = await series.get(doc["_id"], Viewer("ana"))
    assert stored is not None
    assert series_of(stored) == series_of(doc)
    found = await bookings.occupied("nyc", ["room-a"], span("2026-12-18 00:00", 1440))
    assert [(each.resource, each.interval, len(each.claims)) for each in found] == [
        ("room-a", span("2026-12-18 19:00"), 9)
    ]
    ana, ben, stan = Viewer("ana"), Viewer("ben"), Viewer("stan", site="nyc")
    for viewer, many in ((ana, 3), (stan, 3), (ben, 0)):
        assert len(await series.occurring(page(), viewer)) == many
        assert len(await series.listed(page(), viewer)) == (many > 0)
    assert await bookings.listed(page(), stan) == []
    second = await series.occurring(page(after=(ny("2026-12-11 19:00"), f"{doc['_id']}-0"), limit=1), ana)
    assert [(each["_id"], each["series"], each["index"]) for each in second] == [(f"{doc['_id']}-1", doc["_id"], 1)]
    assert (
        await series.occurring(page("2027-02-01 00:00"), ana)
        == await series.listed(page("2027-02-01 00:00"), ana)
        == []
    )
    one = await bookings.get(f"{doc['_id']}-1", ana)
    assert one is not None
    assert (one["starts_at"], one["status"]) == (ny("2026-12-18 19:00"), "confirmed")
    for nothing in (f"{doc['_id']}-2", f"{doc['_id']}-x", "-1", "x-1", doc["_id"]):
        assert await bookings.get(nothing, ana) is None
    assert await bookings.get(doc["_id"], ana) is None


async def test_of_two_series_at_once_one_gets_each_time_and_the_other_skips_it(mongo: Mongo) -> None:
    """Over two replicas that know nothing of each other, and a third that asks for a combined room."""
    replicas = [Replica(mongo, seed) for seed in range(6)]
    rooms = ["room-a", "room-ab", "room-b"] * 2

    async def one(n: int) -> Stored | Refusal:
        try:
            wall = f"2026-12-1{4 + n % 2} 19:00"
            rule = "FREQ=WEEKLY;COUNT=12" if n % 2 else "FREQ=DAILY;COUNT=30"
            return await replicas[n].book(
                f"k{n}", staff=True, resource=rooms[n], wall=wall, recurrence=rule, on_conflict="skip"
            )
        except Refusal as refusal:
            return refusal

    outcomes = await asyncio.gather(*map(one, range(6)))
    assert not any(isinstance(each, Busy) for each in outcomes)
    docs = await mongo.collection("bookings").find({}).to_list(None)
    claims = [claim for doc in docs for claim in doc["claims"]]
    assert len(claims) == len(set(claims))
    for doc in docs:
        series = series_of(doc)
        resource = {"room-a": ROOM, "room-b": ROOM_B}.get(doc["resource"], replace(ROOM, parts=("room-a", "room-b")))
        assert doc["claims"] == [c for each in series.bookings for c in resource.claims(each.interval)]
        assert {each.reason for each in series.skipped} <= {"slot-taken", "closed-on-holiday", "outside-opening-hours"}
    booked = {(doc["resource"], o["starts_at"]) for doc in docs for o in doc["occurrences"]}
    evenings = {ny(f"2026-12-{day} 19:00") for day in (14, 15, 16, 17, 18, 21, 22, 23, 24)}
    for evening in evenings:
        assert ("room-ab", evening) in booked or {("room-a", evening), ("room-b", evening)} & booked


async def test_all_or_nothing_holds_over_a_race_too(mongo: Mongo) -> None:
    replicas = [Replica(mongo, seed) for seed in range(4)]

    async def one(n: int) -> str:
        try:
            rule = f"FREQ=WEEKLY;INTERVAL={n + 1};COUNT=4"
            await replicas[n].book(f"k{n}", staff=True, wall="2026-12-15 19:00", recurrence=rule)
        except SlotTaken as taken:
            return str(taken.members["conflicts"][0]["index"])
        return "placed"

    outcomes = await asyncio.gather(*map(one, range(4)))
    assert sorted(outcomes) == ["0", "0", "0", "placed"]
    assert await mongo.collection("bookings").count_documents({}) == 1


async def test_of_two_changes_of_one_series_at_once_one_is_written_and_the_other_stale(mongo: Mongo) -> None:
    doc = (await Replica(mongo).book()).doc

    async def one(n: int) -> Stored | VersionStale:
        start = ny(f"2026-12-15 {12 + n}:00")
        wish = ChangeSeries(id=doc["_id"], scope="all", index=0, starts_at=start, ends_at=start + timedelta(hours=1))
        try:
            return await Replica(mongo, n).reshape.change_series(asked(wish, if_match=1, deadline=LATER))
        except VersionStale as stale:
            return stale

    outcomes = await asyncio.gather(*map(one, range(4)))
    (won,) = [each for each in outcomes if isinstance(each, Stored)]
    stored = await real_series(mongo).get(doc["_id"], ITSELF)
    assert stored is not None
    assert series_of(stored) == series_of(won.doc)
    assert (stored["version"], len(stored["claims"])) == (2, len(doc["claims"]))
    assert_chained(stored)


async def test_of_a_change_and_who_wants_one_of_its_new_times_one_gets_all_and_the_other_nothing(mongo: Mongo) -> None:
    doc = (await Replica(mongo).book()).doc

    async def move() -> str:
        start = ny("2026-12-15 12:00")
        wish = ChangeSeries(id=doc["_id"], scope="all", index=0, starts_at=start, ends_at=start + timedelta(hours=1))
        return str((await Replica(mongo).reshape.change_series(asked(wish, if_match=1, deadline=LATER))).doc["_id"])

    async def take() -> str:
        return str((await place(Replica(mongo, 2), "b1", wall="2026-12-29 12:30", by=staff())).doc["_id"])

    outcomes = await asyncio.gather(move(), take(), return_exceptions=True)
    (lost,) = [each for each in outcomes if not isinstance(each, str)]
    assert isinstance(lost, SlotTaken)
    stored = await real_series(mongo).get(doc["_id"], ITSELF)
    assert stored is not None
    begins = [f"{each['starts_at'].astimezone(NEW_YORK):%H:%M}" for each in stored["occurrences"]]
    assert begins == ["19:00" if lost is outcomes[0] else "12:00"] * 4


async def test_every_read_of_series_uses_an_index_and_examines_little_more_than_it_returns(mongo: Mongo) -> None:
    await filled(real_bookings(mongo))
    house = Replica(mongo, quiet=True)
    for day in range(1, 29):
        twice: dict[str, Any] = {"minutes": 15, "recurrence": "FREQ=WEEKLY;COUNT=2", "resource": "open"}
        twice |= {"purpose": "週次の打合せ"} if day % 2 else {}
        await house.book(f"k{day}", staff=True, wall=f"2027-02-{day:02d} {9 + (day - 1) // 7:02d}:00", **twice)
    asked_of = Asked(mongo.collection("bookings"))
    documents = Documents(asked_of, None, StillClock(), lambda _: None)
    watched, beside = SeriesStore(documents), Bookings(documents)
    stan, month = Viewer("stan", site="nyc"), page("2027-02-03 00:00", end=ny("2027-02-12 00:00"))
    for read in (
        watched.occurring(month, stan),
        watched.listed(month, stan),
        watched.listed(page("2027-02-01 00:00", after=(ny("2027-02-08 12:00"), "x")), Viewer("stan")),
        watched.in_the_way("nyc", replace(ROOM, id="open").claims(span("2027-02-03 09:00"))),
        beside.listed(page("2026-12-05 00:00", end=ny("2026-12-20 00:00")), stan),
        beside.listed(page("2026-12-05 00:00"), Viewer("m3")),
        watched.worded(["nyc", "tokyo"], "stan", limit=20),
        watched.outlived(["nyc"], before=ny("2027-03-20 00:00"), limit=20),
    ):
        await read
        assert_narrow(await asked_of.explained())


async def test_what_was_written_into_a_series_goes_half_a_year_after_its_last_time(mongo: Mongo) -> None:
    house, series, clock = Replica(mongo), real_series(mongo), StillClock(ny("2027-01-05 20:00"))
    doc = (await house.book(purpose="カナリア氏との面談")).doc
    wish = CancelSeries(id=doc["_id"], scope="one", index=1, reason="カナリア氏が来られないため")
    await house.repeat.cancel_series(asked(wish, deadline=LATER))
    await sent(mongo)
    stream = Stream()
    names = Names(Copy(mongo.collection("copy_contact"), NameState))
    waits = Waits(Documents(mongo.collection("waits"), None, clock, lambda _: None), None)
    forgetting = Forgetting(real_bookings(mongo), series, names, waits, one_site, stream, clock)
    assert await series.worded(["nyc"], "ana", limit=PAGE) == [doc["_id"]]
    clock.at += TEXT_KEPT
    assert await forgetting.redact_outlived() == 0, "not a moment before"
    clock.at += timedelta(milliseconds=1)
    assert [await forgetting.redact_outlived() for _ in range(2)] == [1, 0]
    after = await series.get(doc["_id"], ITSELF)
    assert after is not None
    assert "カナリア" not in repr(after)
    assert await series.worded(["nyc"], "ana", limit=PAGE) == []
    assert (doc["_id"], "booking.series_cancelled.v1") in stream.asked
    assert_chained(after)


async def test_a_booking_and_a_series_keep_each_other_out(mongo: Mongo) -> None:
    house = Replica(mongo)
    doc = (await house.book()).doc
    with pytest.raises(SlotTaken) as taken:
        await place(house, "b1", wall="2026-12-22 19:30", by=staff())
    assert [each["starts_at"] for each in taken.value.members["conflicts"]] == ["2026-12-22T19:00:00-05:00"]
    wish = CancelSeries(id=doc["_id"], scope="one", index=1)
    await house.repeat.cancel_series(asked(wish, deadline=LATER))
    assert (await place(house, "b1", wall="2026-12-22 19:30", by=staff())).doc["status"] == "confirmed"
    with pytest.raises(SlotTaken):
        await house.book("s2", staff=True, wall="2026-12-22 20:30", recurrence="FREQ=DAILY;COUNT=2")

"""A series changed: one of its times, those that follow, or all that are to come; all or nothing, in one write."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.refusals import (
    BeyondHorizon,
    BookingRefused,
    IntervalInvalid,
    NotChangeable,
    StartsInThePast,
    TooLate,
)
from services.booking.domain.series_placing import SeriesRefused, SeriesTaken
from services.booking.domain.series_refusals import OccurrencesOverlap, OccurrenceUnknown
from services.booking.store.series_mapping import series_of
from shared.contracts.booking import ChangeSeries
from shared.kernel.refusal import NotFound, Refusal, VersionStale
from shared.kit.documents import Stored
from shared.kit.nats.request import Unavailable
from tests.booking.test_series import FAR, cancel, repeat, said
from tests.support.booking import ROOM, ROOM_B, SITE, FakeHouse, asked, member, ny, organization, place, staff

TOKYO, NEW_YORK = "Asia/Tokyo", "America/New_York"


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse(ROOM, ROOM_B)


async def reshape(house: FakeHouse, doc: Any, scope: str, index: int | None = None, **more: Any) -> Stored:
    """`to` and `until`: the wall of New York; `if_match`: the version it has now, unless it is given."""
    by, key = more.pop("by", None), more.pop("key", None)
    if_match = more.pop("if_match", house.bookings.memory.docs[doc["_id"]]["version"])
    times = {name: ny(more.pop(wall)) for name, wall in (("starts_at", "to"), ("ends_at", "until")) if wall in more}
    wish = ChangeSeries(id=doc["_id"], scope=scope, index=index, **times, **more)  # type: ignore[arg-type] # a word of three
    return await house.reshape.change_series(asked(wish, by, key=key, if_match=if_match, deadline=FAR))


def walls(doc: Any, zone: str = NEW_YORK) -> list[str]:
    """Begin and end of each time on the wall."""

    def wall(at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(zone))

    return [f"{wall(each['starts_at']):%m-%d %H:%M}-{wall(each['ends_at']):%H:%M}" for each in doc["occurrences"]]


async def test_from_one_on_they_move_by_days_to_another_time_of_day_and_length_and_what_is_before_stays(
    house: FakeHouse,
) -> None:
    doc = (await repeat(house)).doc
    moved = await reshape(house, doc, "following", 1, to="2026-12-23 10:00", until="2026-12-23 11:30")
    assert walls(moved.doc) == ["12-15 19:00-20:00", "12-23 10:00-11:30", "12-30 10:00-11:30", "01-06 10:00-11:30"]
    assert (moved.doc["version"], said(house, doc)) == (2, ["series_placed", "series_changed"])
    assert of_place(moved.doc["claims"]) == tuple(
        claim for each in series_of(moved.doc).bookings for claim in ROOM.claims(each.interval)
    )
    told = house.bookings.memory.docs[doc["_id"]]["log"][-1]["data"]
    assert [each["index"] for each in told["occurrences"]] == [each["index"] for each in told["before"]] == [1, 2, 3]
    assert (told["before"][0]["starts_at"], told["changed"]) == ("2026-12-23T00:00:00Z", [])


async def test_what_is_drawn_afterwards_is_what_it_takes_in_each_period(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    longer = (await reshape(house, doc, "all", 0, to="2026-12-22 18:00", until="2026-12-22 20:00")).doc
    assert walls(longer)[-1] == "01-12 18:00-20:00"
    weeks = [claim.split("|")[3] for claim in of_quota(longer["claims"])]
    assert {week: weeks.count(week) for week in weeks} == dict.fromkeys(
        ("2026-W52", "2026-W53", "2027-W01", "2027-W02"), 8
    )


async def test_a_pool_that_is_full_of_the_series_itself_has_room_for_it_and_not_for_more(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    doc = (await repeat(house, recurrence="FREQ=DAILY;COUNT=5", wall="2026-12-14 10:00", minutes=60)).doc
    same = (await reshape(house, doc, "all", to="2026-12-14 15:00", until="2026-12-14 16:00")).doc
    assert len(of_quota(same["claims"])) == len(set(of_quota(same["claims"]))) == 20
    with pytest.raises(SeriesRefused) as refused:
        await reshape(house, doc, "all", until="2026-12-14 16:15")
    assert {each["code"] for each in refused.value.members["violations"]} == {"quota-exceeded"}


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        (NEW_YORK, ["03-11 18:00-19:00", "03-18 18:00-19:00"]),
        (TOKYO, ["03-11 18:00-19:00", "03-18 19:00-20:00"]),
    ],
)
async def test_the_wall_time_of_the_anchor_is_kept_over_a_change_of_the_clocks(
    house: FakeHouse, anchor: str, expected: list[str]
) -> None:
    house.clock.at = ny("2027-03-01 09:00")
    doc = (await repeat(house, wall="2027-03-11 16:00", recurrence="FREQ=WEEKLY;COUNT=2", anchor_zone=anchor)).doc
    moved = await reshape(house, doc, "all", 0, to="2027-03-11 18:00", until="2027-03-11 19:00")
    assert walls(moved.doc) == expected
    assert walls(moved.doc, anchor)[0][6:] == walls(moved.doc, anchor)[1][6:]


async def test_a_time_the_clocks_skip_refuses_all_and_of_one_shown_twice_it_is_the_earlier() -> None:
    always = replace(ROOM, opening_hours=None, buffer_minutes=0)
    house = FakeHouse(always, site=replace(SITE, calendars=()))
    house.clock.at = ny("2027-03-01 09:00")
    spring = (await repeat(house, wall="2027-03-12 04:00", minutes=30, recurrence="FREQ=DAILY;COUNT=4")).doc
    with pytest.raises(BookingRefused) as refused:
        await reshape(house, spring, "all", 0, to="2027-03-12 02:30", until="2027-03-12 03:30")
    assert [(v["index"], v["code"], v["requested"]) for v in refused.value.members["violations"]] == [
        (2, "nonexistent-local-time", "2027-03-14T02:30")
    ]
    assert walls(house.bookings.memory.docs[spring["_id"]]) == walls(spring)
    house.clock.at = ny("2027-11-01 09:00")
    autumn = (await repeat(house, "s2", wall="2027-11-06 04:00", minutes=30, recurrence="FREQ=DAILY;COUNT=2")).doc
    moved = (await reshape(house, autumn, "all", 0, to="2027-11-06 01:15", until="2027-11-06 01:45")).doc
    assert [each["starts_at"] for each in moved["occurrences"]] == [ny("2027-11-06 01:15"), ny("2027-11-07 01:15")]


async def test_what_is_taken_or_broken_at_one_of_them_refuses_all_with_each_index_and_changes_nothing(
    house: FakeHouse,
) -> None:
    doc = (await repeat(house)).doc
    await place(house, by=staff(), wall="2026-12-29 15:30")
    with pytest.raises(SeriesTaken) as taken:
        await reshape(house, doc, "all", 0, to="2026-12-15 15:00", until="2026-12-15 16:00")
    assert [(each["index"], each["starts_at"]) for each in taken.value.members["conflicts"]] == [
        (2, "2026-12-29T15:30:00-05:00")
    ]
    with pytest.raises(SeriesRefused) as broken:
        await reshape(house, doc, "following", 1, to="2026-12-25 15:00", until="2026-12-25 16:00", attendees=9)
    found = {(each["index"], each["code"]) for each in broken.value.members["violations"]}
    assert found == {
        (1, "closed-on-holiday"),
        (2, "closed-on-holiday"),
        *((n, "too-many-attendees") for n in (1, 2, 3)),
    }
    now = house.bookings.memory.docs[doc["_id"]]
    assert (walls(now), now["version"], now["claims"]) == (walls(doc), 1, doc["claims"])


async def test_its_own_times_are_in_nobodys_way_but_those_that_stay(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    later = (await reshape(house, doc, "all", 0, to="2026-12-22 19:30", until="2026-12-22 20:30")).doc
    assert walls(later)[:2] == ["12-22 19:30-20:30", "12-29 19:30-20:30"]
    with pytest.raises(OccurrencesOverlap) as overlap:
        await reshape(house, doc, "following", 1, to="2026-12-22 19:00", until="2026-12-22 20:00")
    assert overlap.value.members == {"index": 1}


async def test_what_has_begun_is_never_touched_and_nothing_to_come_is_too_late(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    await cancel(house, doc, "one", 2)
    house.clock.at = ny("2026-12-15 19:30")
    moved = (await reshape(house, doc, "all", to="2026-12-22 18:00", until="2026-12-22 19:00")).doc
    assert walls(moved) == ["12-15 19:00-20:00", "12-22 18:00-19:00", "12-29 19:00-20:00", "01-05 18:00-19:00"]
    for scope in ("following", "all"):
        with pytest.raises(TooLate):
            await reshape(house, doc, scope, 0, purpose="Late")
        with pytest.raises(NotChangeable):
            await reshape(house, doc, scope, 2, purpose="Gone")
    longer = (await reshape(house, doc, "one", 0, until="2026-12-15 20:30")).doc
    assert walls(longer)[0] == "12-15 19:00-20:30"
    await house.run_to(ny("2027-01-06 09:00"))
    with pytest.raises(TooLate):
        await reshape(house, doc, "all", purpose="Over")


async def test_another_room_and_other_words_for_those_that_follow_are_one_decision(house: FakeHouse) -> None:
    doc = (await repeat(house, purpose="Pitch")).doc
    after = (await reshape(house, doc, "following", 2, resource="room-b", purpose="Talk", attendees=3)).doc
    bookings = series_of(after).bookings
    assert [(each.resource, each.purpose, each.attendees) for each in bookings] == [
        *[("room-a", "Pitch", None)] * 2,
        *[("room-b", "Talk", 3)] * 2,
    ]
    told = house.bookings.memory.docs[doc["_id"]]["log"][-1]["data"]
    assert ([each["resource"] for each in told["before"]], told["changed"]) == (
        ["room-a"] * 2,
        ["purpose", "attendees"],
    )
    gone = (await reshape(house, doc, "one", 3, purpose="")).doc
    assert series_of(gone).bookings[3].purpose is None
    assert gone["version"] == 3
    assert (await reshape(house, doc, "one", 3, purpose="")).doc["version"] == 3, "nothing changes, nothing is written"


async def test_of_two_the_second_is_stale_and_the_same_key_again_is_the_same(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    wish = {"to": "2026-12-15 18:00", "until": "2026-12-15 19:00", "key": "m1", "if_match": 1}
    once, again = await reshape(house, doc, "all", 0, **wish), await reshape(house, doc, "all", 0, **wish)
    assert (once.doc["version"], again.doc["version"], again.replay) == (2, 2, True)
    house.clock.at = ny("2027-02-01 09:00")
    assert (await reshape(house, doc, "all", 0, **wish)).replay
    with pytest.raises(VersionStale):
        await reshape(house, doc, "all", 0, purpose="Late", if_match=1)


async def test_who_says_any_version_is_never_stale_and_zero_is_none_there_is(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    words = [reshape(house, doc, "one", n, purpose=f"No. {n}", if_match=None) for n in range(3)]
    assert sorted(each.doc["version"] for each in await asyncio.gather(*words)) == [2, 3, 4]
    with pytest.raises(VersionStale):
        await reshape(house, doc, "one", 0, purpose="Late", if_match=0)


class OutcomeUnknown:
    """Written, but the answer got lost."""

    def __init__(self, series: Any) -> None:
        self.load, self.in_the_way, self._change = series.load, series.in_the_way, series.change

    async def change(self, *args: Any, **more: Any) -> Stored:
        await self._change(*args, **more)
        raise Unavailable


async def test_an_unknown_outcome_is_answered_as_such_and_not_as_stale(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    lost: Any = OutcomeUnknown(house.series)
    house.reshape = replace(house.reshape, series=lost)
    with pytest.raises(Unavailable):
        await reshape(house, doc, "one", 0, purpose="Pitch")


async def test_where_approval_is_needed_what_moves_waits_for_it_unless_the_house_moves_it() -> None:
    house = FakeHouse(ROOM, replace(ROOM_B, needs_approval=True))
    doc = (await repeat(house)).doc
    asks = (await reshape(house, doc, "following", 2, resource="room-b")).doc
    assert [each["status"] for each in asks["occurrences"]] == ["confirmed", "confirmed", "pending", "pending"]
    other = (await repeat(house, "s2", wall="2026-12-16 19:00")).doc
    by_house = (await reshape(house, other, "all", resource="room-b", by=staff())).doc
    assert by_house["status"] == "confirmed"


async def test_late_movers_keep_what_they_drew_as_with_a_booking() -> None:
    house = FakeHouse(replace(ROOM, cancel_cutoff_minutes=600))
    doc = (await repeat(house)).doc
    house.clock.at = ny("2026-12-15 12:00")
    late = (await reshape(house, doc, "all", 0, to="2026-12-23 19:00", until="2026-12-23 20:00")).doc
    weeks = [claim.split("|")[3] for claim in of_quota(late["claims"])]
    assert {week: weeks.count(week) for week in sorted(set(weeks))} == {
        "2026-W51": 4,
        **dict.fromkeys(("2026-W52", "2026-W53", "2027-W01", "2027-W02"), 4),
    }


@pytest.mark.parametrize(
    ("scope", "index", "more", "refusal"),
    [
        ("one", None, {}, OccurrenceUnknown),
        ("following", 4, {}, OccurrenceUnknown),
        ("all", 0, {"to": "2026-12-15 20:00"}, IntervalInvalid),
        ("all", 0, {"to": "2026-11-30 10:00", "until": "2026-11-30 11:00"}, StartsInThePast),
        ("all", 0, {"to": "2098-12-15 10:00", "until": "2098-12-15 11:00"}, BeyondHorizon),
        ("one", 0, {"to": "2098-12-15 10:00", "until": "2098-12-15 11:00"}, BeyondHorizon),
        ("all", 0, {"resource": "nowhere"}, NotFound),
        ("all", 0, {"by": member("ben")}, NotFound),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_own_name(
    house: FakeHouse, scope: str, index: int | None, more: dict[str, Any], refusal: type[Refusal]
) -> None:
    doc = (await repeat(house)).doc
    with pytest.raises(refusal):
        await reshape(house, doc, scope, index, **more)

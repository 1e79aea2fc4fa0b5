"""Opening hours and holidays: rules of a wall clock, over nights and clock changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.booking.domain.opening import ALWAYS, Opening, hours_on, openings
from services.booking.domain.refusals import IdReserved, PartCombined, PartsFixed, PartUnknown
from services.booking.domain.wall import months_after
from shared.kernel.interval import Interval
from tests.support.booking import HOLIDAYS, NEW_YORK, ROOM, ROOM_B, SITE, WEEKDAYS, ny

DAY = timedelta(days=1)
EVERY_DAY = (*WEEKDAYS, "sat", "sun")


def always(hours: tuple[Opening, ...]) -> Callable[[date], tuple[Opening, ...]]:
    return lambda _: hours


def hours(ranges: list[Interval]) -> list[float]:
    return [each.length / timedelta(hours=1) for each in ranges]


def test_a_day_is_open_from_nine_to_ten_at_night_by_the_sites_wall() -> None:
    within = Interval(ny("2026-12-15 00:00"), ny("2026-12-16 00:00"))
    assert ROOM.openings(SITE, HOLIDAYS, within) == [Interval(ny("2026-12-15 09:00"), ny("2026-12-15 22:00"))]


def test_a_weekend_is_not_open() -> None:
    assert ROOM.openings(SITE, HOLIDAYS, Interval(ny("2026-12-12 00:00"), ny("2026-12-14 00:00"))) == []


@pytest.mark.parametrize(("day", "is_open"), [("2026-07-03", False), ("2026-09-21", True), ("2026-10-12", False)])
def test_new_york_closes_on_observed_federal_days_and_not_on_japanese_ones(day: str, *, is_open: bool) -> None:
    within = Interval(ny(f"{day} 12:00"), ny(f"{day} 13:00"))
    assert bool(ROOM.openings(SITE, HOLIDAYS, within)) is is_open


def test_both_calendars_are_shown_with_whether_they_close() -> None:
    shown = SITE.holidays(HOLIDAYS, date(2026, 10, 12), date(2026, 10, 13))
    assert [(each.calendar, each.name.en, closes) for each, closes in shown] == [
        ("japan", "Sports Day", False),
        ("us-federal", "Columbus Day", True),
    ]


def test_opening_over_midnight_reaches_into_the_next_day() -> None:
    late = (Opening(("fri",), "20:00", "02:00"),)
    within = Interval(ny("2026-12-18 12:00"), ny("2026-12-19 12:00"))
    assert openings(always(late), NEW_YORK, within) == [Interval(ny("2026-12-18 20:00"), ny("2026-12-19 02:00"))]


def test_always_open_is_one_range_over_midnight_and_new_year() -> None:
    within = Interval(ny("2026-12-31 12:00"), ny("2027-01-01 12:00"))
    (whole,) = openings(always(ALWAYS), NEW_YORK, within)
    assert whole.contains(within)


def test_no_opening_hours_at_all_is_never_open() -> None:
    assert openings(always(()), NEW_YORK, Interval(ny("2026-12-15 00:00"), ny("2026-12-16 00:00"))) == []


@pytest.mark.parametrize(("day", "length"), [("2027-03-14", 23), ("2027-11-07", 25), ("2027-03-15", 24)])
def test_a_whole_open_day_has_the_hours_the_clocks_leave_it(day: str, length: int) -> None:
    whole = hours_on(date.fromisoformat(day), Opening(EVERY_DAY, "00:00", "24:00"), NEW_YORK)
    assert whole is not None
    assert whole.length == timedelta(hours=length)


@pytest.mark.parametrize(("day", "length"), [("2027-03-14", 2.0), ("2027-11-07", 4.0)])
def test_hours_over_a_clock_change_are_real_hours(day: str, length: float) -> None:
    early = (Opening(("sun",), "01:00", "04:00"),)
    within = Interval(ny(f"{day} 00:00"), ny(f"{day} 12:00"))
    assert hours(openings(always(early), NEW_YORK, within)) == [length]


def test_an_opening_that_lies_in_the_skipped_hour_leaves_nothing() -> None:
    skipped = (Opening(("sun",), "02:00", "03:00"),)
    within = Interval(ny("2027-03-14 00:00"), ny("2027-03-14 12:00"))
    assert openings(always(skipped), NEW_YORK, within) == []


def test_a_zone_off_the_full_hour_is_no_special_case() -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")
    day = Interval(datetime(2026, 12, 15, tzinfo=UTC), datetime(2026, 12, 15, 1, tzinfo=UTC))
    found = openings(always((Opening(EVERY_DAY, "09:00", "10:00"),)), kathmandu, Interval(day.start, day.end + DAY))
    assert found[0].start == datetime(2026, 12, 15, 3, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 15), 18, date(2028, 6, 15)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
    ],
)
def test_months_ahead_end_on_the_last_day_of_a_shorter_month(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


KNOWN = {each.id: each for each in (ROOM, ROOM_B)}
BOTH = replace(ROOM, id="room-ab", parts=("room-a", "room-b"))


def test_a_resource_put_again_is_no_change() -> None:
    made = ROOM.over(None, known={})
    assert (made.state.version, len(made.events)) == (1, 1)
    assert ROOM.over(made.state, known=KNOWN).events == ()


@pytest.mark.parametrize("parts", [("room-a",), ()])
def test_what_a_room_is_made_of_never_changes_but_everything_else_may(parts: tuple[str, ...]) -> None:
    made = BOTH.over(None, known=KNOWN).state
    with pytest.raises(PartsFixed):
        replace(BOTH, parts=parts).over(made, known=KNOWN)
    with pytest.raises(PartsFixed):
        replace(ROOM_B, parts=("room-a",)).over(ROOM_B, known=KNOWN)
    assert replace(BOTH, capacity=14, parts=("room-b", "room-a")).over(made, known=KNOWN).events


def test_a_combined_room_is_made_of_rooms_that_are_there_and_are_no_combined_ones() -> None:
    with pytest.raises(PartUnknown):
        BOTH.over(None, known={})
    with pytest.raises(PartUnknown):
        replace(BOTH, parts=("room-ab",)).over(None, known=KNOWN)
    known = {**KNOWN, "room-ab": BOTH}
    with pytest.raises(PartCombined):
        replace(BOTH, id="room-abc", parts=("room-ab",)).over(None, known=known)
    with pytest.raises(PartCombined):
        replace(ROOM, parts=("room-b",)).over(ROOM, known=known)
    assert BOTH.over(BOTH, known=known).events == ()


@pytest.mark.parametrize("name", ["quota", "hold", "seat"])
def test_a_resource_is_not_named_like_a_claim_of_another_kind(name: str) -> None:
    reserved = replace(ROOM, id=name)
    with pytest.raises(IdReserved):
        reserved.over(None, known={})


def test_a_site_defined_again_is_no_change() -> None:
    made = SITE.over(None)
    assert (made.state.version, len(made.events)) == (1, 1)
    assert SITE.over(made.state).events == ()

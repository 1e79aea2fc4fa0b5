"""Instants, zones, and wall clocks that jump; the vectors are computed, not remembered."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.time import (
    TimezoneRequired,
    UnknownTimezone,
    at_wall,
    instant,
    shown,
    start_of_day,
    week_of,
    zone_of,
)

NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
ZONES = st.sampled_from(
    [NEW_YORK, TOKYO, *map(ZoneInfo, ("Europe/London", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu"))]
)
INSTANTS = st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — hypothesis wants naive bounds


@pytest.mark.parametrize("name", ["Mars/Base", "JST", "EST", "../../etc/passwd", "Etc/GMT-9", "", "asia/tokyo", "utc"])
def test_only_a_zone_of_the_list_is_a_zone(name: str) -> None:
    with pytest.raises(UnknownTimezone) as refused:
        zone_of(name)
    assert refused.value.status == 422


def test_utc_and_places_are_zones() -> None:
    assert [zone_of(name).key for name in ("UTC", "Asia/Tokyo", "America/Argentina/Ushuaia")] == [
        "UTC",
        "Asia/Tokyo",
        "America/Argentina/Ushuaia",
    ]


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(TimezoneRequired):
        instant(datetime(2026, 12, 15, 19))  # noqa: DTZ001 — the naive one is the case


def test_an_instant_is_utc_in_whole_milliseconds() -> None:
    told = datetime(2026, 12, 15, 19, 0, 0, 123_987, tzinfo=timezone(timedelta(hours=-5)))
    assert instant(told) == datetime(2026, 12, 16, 0, 0, 0, 123_000, tzinfo=UTC)
    assert instant(told).tzinfo is UTC


def test_the_first_seminar_was_one_instant_on_two_dates() -> None:
    at = at_wall(date(2022, 12, 15), time(19), NEW_YORK)
    assert shown(at, TOKYO) == "2022-12-16T09:00:00+09:00"
    assert shown(at, NEW_YORK) == "2022-12-15T19:00:00-05:00"


@pytest.mark.parametrize(("day", "hours"), [("2026-03-06", 10), ("2026-03-13", 9)])
def test_eight_in_new_york_is_an_hour_earlier_in_tokyo_after_the_clocks_change(day: str, hours: int) -> None:
    at = at_wall(date.fromisoformat(day) - timedelta(days=1), time(20), NEW_YORK)
    assert at.astimezone(TOKYO).isoformat()[:13] == f"{day}T{hours:02d}"


@given(INSTANTS, ZONES)
def test_what_is_shown_reads_back_as_the_same_instant(at: datetime, zone: ZoneInfo) -> None:
    at = instant(at)
    assert datetime.fromisoformat(shown(at, zone)) == at
    assert not shown(at, zone).endswith("Z")


@given(st.dates(date(2001, 1, 1), date(2037, 1, 1)), ZONES)
def test_a_day_starts_at_its_first_instant(day: date, zone: ZoneInfo) -> None:
    start = start_of_day(day, zone)
    assert start.astimezone(zone).date() == day
    assert (start - timedelta(milliseconds=1)).astimezone(zone).date() == day - timedelta(days=1)


@pytest.mark.parametrize("name", ["Africa/Cairo", "America/Havana", "America/Santiago", "Asia/Beirut"])
def test_where_clocks_change_at_midnight_each_day_still_starts_once(name: str) -> None:
    zone, first = zone_of(name), date(2026, 1, 1)
    starts = [start_of_day(first + timedelta(days=n), zone) for n in range(730)]
    assert {after - before for before, after in pairwise(starts)} == {timedelta(hours=h) for h in (23, 24, 25)}
    assert all((at - timedelta(milliseconds=1)).astimezone(zone).date() < at.astimezone(zone).date() for at in starts)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-12-15", 24)])
def test_a_day_in_new_york_has_as_many_hours_as_its_clocks_give_it(day: str, hours: int) -> None:
    first = date.fromisoformat(day)
    length = start_of_day(first + timedelta(days=1), NEW_YORK) - start_of_day(first, NEW_YORK)
    assert length == timedelta(hours=hours)


def test_a_rule_in_a_skipped_hour_takes_effect_after_the_gap_and_in_a_doubled_one_at_its_first_showing() -> None:
    assert at_wall(date(2027, 3, 14), time(2, 30), NEW_YORK) == datetime(2027, 3, 14, 7, 30, tzinfo=UTC)
    assert at_wall(date(2026, 11, 1), time(1, 30), NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@given(INSTANTS, ZONES)
def test_an_instant_lies_in_its_week_from_monday_to_monday(at: datetime, zone: ZoneInfo) -> None:
    name, span = week_of(at, zone)
    year, week, _ = at.astimezone(zone).isocalendar()
    assert name == f"{year}-W{week:02d}"
    assert span.start <= at < span.end
    assert span.start.astimezone(zone).weekday() == span.end.astimezone(zone).weekday() == 0


def test_the_week_in_which_the_clocks_go_back_has_an_hour_more() -> None:
    _, span = week_of(datetime(2026, 10, 28, tzinfo=UTC), NEW_YORK)
    assert span.length == timedelta(days=7, hours=1)


def test_sunday_evening_in_new_york_is_monday_in_tokyo_and_another_week() -> None:
    at = datetime(2026, 12, 14, 0, 30, tzinfo=UTC)
    assert week_of(at, NEW_YORK)[0] == "2026-W50"
    assert week_of(at, TOKYO)[0] == "2026-W51"

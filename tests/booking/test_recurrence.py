"""Rules of RFC 5545: which are taken, which times they give, at which instants; against a plain day-by-day oracle."""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.booking.domain.occurring import planned, wall_of
from services.booking.domain.recurrence import Recurrence
from services.booking.domain.refusals import BeyondHorizon, IntervalInvalid
from services.booking.domain.series_refusals import RecurrenceInvalid, RecurrenceUnmet
from services.booking.handlers.recurring import spelled_out, times_of
from shared.kernel.interval import Interval
from shared.kernel.refusal import Invalid
from tests.support.booking import NEW_YORK, NOW, ny, span, under

TOKYO = ZoneInfo("Asia/Tokyo")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = timedelta(days=1)


def walls(rule: str, first: Interval, zone: ZoneInfo = NEW_YORK, at: datetime = NOW) -> list[str]:
    """On the wall of New York, wherever it is anchored; a dash where the clocks skip it."""
    found = times_of(Recurrence.read(rule), first, zone, under(), at)
    return [f"{each.interval.start.astimezone(NEW_YORK):%m-%d %H:%M}" if each.interval else "-" for each in found]


def test_a_weekly_evening_anchored_in_new_york_moves_in_tokyo_and_the_reverse() -> None:
    at = ny("2026-03-02 09:00")
    here, there = (walls("FREQ=WEEKLY;COUNT=2", span("2026-03-05 20:00"), zone, at) for zone in (NEW_YORK, TOKYO))
    assert here == ["03-05 20:00", "03-12 20:00"]
    assert there == ["03-05 20:00", "03-12 21:00"]
    in_tokyo = [ny(f"2026-{each}").astimezone(TOKYO) for each in here]
    assert [f"{each:%a %d %H:%M}" for each in in_tokyo] == ["Fri 06 10:00", "Fri 13 09:00"]


def test_days_of_the_week_are_those_of_the_anchor_zone() -> None:
    thursday = span("2026-12-03 19:00")
    assert walls("FREQ=WEEKLY;BYDAY=FR;COUNT=2", thursday, TOKYO) == ["12-03 19:00", "12-10 19:00"]
    with pytest.raises(RecurrenceUnmet) as refused:
        walls("FREQ=WEEKLY;BYDAY=FR;COUNT=2", thursday)
    assert refused.value.members["first"] == "2026-12-04T19:00"


def test_a_time_the_clocks_skip_is_none_and_of_one_they_show_twice_it_is_the_first() -> None:
    spring = span("2026-03-07 02:30", 30)
    found = times_of(Recurrence.read("FREQ=DAILY;COUNT=3"), spring, NEW_YORK, under(), ny("2026-03-01 09:00"))
    assert [each.interval is None for each in found] == [False, True, False]
    assert found[1].skipped_by_the_clocks.requested == "2026-03-08T02:30"
    autumn = span("2026-10-31 01:30", 30)
    found = times_of(Recurrence.read("FREQ=DAILY;COUNT=2"), autumn, NEW_YORK, under(), ny("2026-10-01 09:00"))
    assert [each.interval and f"{each.interval.start:%H:%M}Z" for each in found] == ["05:30Z", "05:30Z"]


def test_hours_over_a_clock_change_are_as_on_the_wall_and_truly_one_less_or_more() -> None:
    for first, hours in (("2027-03-07 00:00", [8, 7]), ("2027-10-31 00:00", [8, 9])):
        found = times_of(Recurrence.read("FREQ=WEEKLY;COUNT=2"), span(first, 480), NEW_YORK, under(), NOW)
        assert [each.interval and each.interval.length / timedelta(hours=1) for each in found] == hours


def test_the_first_is_the_instant_given_though_the_clocks_show_it_twice() -> None:
    later = Interval(ny("2026-11-01 01:30") + timedelta(hours=1), ny("2026-11-01 01:30") + timedelta(minutes=90))
    found = times_of(Recurrence.read("FREQ=WEEKLY;COUNT=2"), later, NEW_YORK, under(), ny("2026-10-30 09:00"))
    assert found[0].interval == later
    backwards = Interval(ny("2026-11-01 01:45"), later.start)
    with pytest.raises(IntervalInvalid):
        list(planned(backwards, [], NEW_YORK))


def test_what_a_month_or_year_does_not_have_is_left_out_and_not_moved() -> None:
    assert walls("FREQ=MONTHLY;COUNT=3", span("2027-01-31 10:00")) == ["01-31 10:00", "03-31 10:00", "05-31 10:00"]
    leap = Recurrence.read("FREQ=YEARLY")
    years = [each.year for each in islice(spelled_out(leap, datetime(2096, 2, 29, 9)), 3)]  # noqa: DTZ001 — a wall time
    assert years == [2096, 2104, 2108]


def test_over_midnight_new_year_and_the_end_of_a_month() -> None:
    found = times_of(Recurrence.read("FREQ=DAILY;COUNT=3"), span("2026-12-30 23:00", 120), NEW_YORK, under(), NOW)
    assert [each.interval and each.interval.end for each in found] == [
        ny("2026-12-31 01:00"),
        ny("2027-01-01 01:00"),
        ny("2027-01-02 01:00"),
    ]


@pytest.mark.parametrize(
    ("until", "count"),
    [("20261215", 2), ("20261216T000000Z", 2), ("20261215T235959Z", 1), ("20261215T190000", 2), ("20261214", 1)],
)
def test_until_is_a_day_of_the_anchor_zone_or_an_instant(until: str, count: int) -> None:
    assert len(walls(f"FREQ=WEEKLY;UNTIL={until}", span("2026-12-08 19:00"))) == count


def test_without_an_end_it_goes_as_far_as_its_party_may_book_today() -> None:
    found = walls("FREQ=WEEKLY", span("2026-12-08 19:00"))
    assert (found[-1], len(found)) == ("06-01 19:00", 26)
    with pytest.raises(BeyondHorizon):
        walls("FREQ=WEEKLY;COUNT=999", span("2026-12-08 19:00"))


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("", ""),
        ("WEEKLY", "WEEKLY"),
        ("COUNT=3", "FREQ"),
        ("FREQ=HOURLY;COUNT=3", "FREQ"),
        ("FREQ=MINUTELY", "FREQ"),
        ("FREQ=SECONDLY", "FREQ"),
        ("FREQ=WEEKLY;FREQ=DAILY", "FREQ"),
        ("FREQ=WEEKLY;COUNT=0", "COUNT"),
        ("FREQ=WEEKLY;COUNT=99999", "COUNT"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20270101", "COUNT"),
        ("FREQ=WEEKLY;UNTIL=20271301", "UNTIL"),
        ("FREQ=WEEKLY;UNTIL=20261201", "UNTIL"),
        ("FREQ=WEEKLY;UNTIL=２０２７０１０１", "UNTIL"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=-1", "INTERVAL"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY"),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=53MO", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=1MO,TU", "BYDAY"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "BYDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYWEEKNO=1;BYDAY=MO", "BYWEEKNO"),
        ("FREQ=YEARLY;BYWEEKNO=1", "BYWEEKNO"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"),
        ("X" * 500, "X" * 20),
    ],
)
def test_what_is_no_rule_or_none_that_bookings_repeat_by_is_refused_by_its_part(rule: str, part: str) -> None:
    with pytest.raises(RecurrenceInvalid) as refused:
        walls(rule, span("2026-12-08 19:00"))
    assert refused.value.members["part"] == part


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=WE",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=5MO;BYMONTH=2;BYMONTHDAY=1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=6",
        "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=300",
    ],
)
def test_a_rule_that_never_has_a_day_is_refused_soon(rule: str) -> None:
    begun = time.process_time()
    with pytest.raises(RecurrenceUnmet):
        walls(rule, span("2026-12-08 19:00"))
    assert time.process_time() - begun < 2, "eight thousand years take longer"


@given(text=st.text(max_size=40) | st.from_regex(r"(FREQ|BYDAY|UNTIL|COUNT|BYSETPOS)=[A-Z0-9,;=+-]{0,30}"))
def test_no_text_whatsoever_is_more_than_refused(text: str) -> None:
    try:
        found = walls(text, span("2026-12-08 19:00"))
    except Invalid:
        return
    assert found[0] == "12-08 19:00"


freqs = st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
plain = st.sampled_from(DAYS)
numbered = st.builds(lambda n, day: f"{n}{day}", st.sampled_from(["1", "2", "-1", "5"]), plain)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, str]:
    parts = {"FREQ": draw(freqs), "INTERVAL": str(draw(st.integers(1, 3)))}
    if draw(st.booleans()):
        days = draw(st.sampled_from([plain, numbered])) if parts["FREQ"] in ("MONTHLY", "YEARLY") else plain
        parts["BYDAY"] = ",".join(draw(st.lists(days, min_size=1, max_size=3, unique=True)))
    if draw(st.booleans()):
        parts["BYMONTH"] = ",".join(map(str, draw(st.lists(st.integers(1, 12), min_size=1, max_size=6, unique=True))))
    if parts["FREQ"] != "WEEKLY" and draw(st.booleans()):
        month_days = st.sampled_from([1, 15, 29, 30, 31, -1, -2])
        parts["BYMONTHDAY"] = ",".join(map(str, draw(st.lists(month_days, min_size=1, max_size=3, unique=True))))
    of_many = parts["FREQ"] in ("MONTHLY", "YEARLY") and bool({"BYDAY", "BYMONTH", "BYMONTHDAY"} & parts.keys())
    if of_many and draw(st.booleans()):
        parts["BYSETPOS"] = draw(st.sampled_from(["1", "-1", "2", "1,-1"]))
    return parts


def naive(parts: dict[str, str], first: date, end: date) -> Iterator[date]:
    """Day by day, as one would by hand: period by period those that pass, and of them the positions asked for."""
    begin = first.replace(month=1, day=1) - 7 * DAY
    every = (begin + n * DAY for n in range((end - begin).days + 366))
    for number, days in groupby(every, lambda day: _period(parts["FREQ"], day)):
        found = [day for day in days if _passes(parts, day, first)]
        if (number - _period(parts["FREQ"], first)) % int(parts["INTERVAL"]):
            continue
        if "BYSETPOS" in parts:
            places = [int(p) - (int(p) > 0) for p in parts["BYSETPOS"].split(",")]
            found = sorted({found[p] for p in places if -len(found) <= p < len(found)})
        yield from (day for day in found if first <= day < end)


def _period(freq: str, day: date) -> int:
    monday = day.toordinal() - day.weekday()
    return {"DAILY": day.toordinal(), "WEEKLY": monday // 7, "MONTHLY": day.year * 12 + day.month, "YEARLY": day.year}[
        freq
    ]


def _passes(parts: dict[str, str], day: date, first: date) -> bool:
    months = {int(m) for m in parts["BYMONTH"].split(",")} if "BYMONTH" in parts else set(range(1, 13))
    if day.month not in months:
        return False
    length = ((day.replace(day=28) + 4 * DAY).replace(day=1) - DAY).day
    if "BYMONTHDAY" in parts and not {day.day, day.day - length - 1} & {int(d) for d in parts["BYMONTHDAY"].split(",")}:
        return False
    if "BYDAY" in parts:
        return any(_is_day(each, day, parts) for each in parts["BYDAY"].split(","))
    if "BYMONTHDAY" in parts or parts["FREQ"] == "DAILY":
        return True
    if parts["FREQ"] == "WEEKLY":
        return day.weekday() == first.weekday()
    return day.day == first.day and (parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts or day.month == first.month)


def _is_day(each: str, day: date, parts: dict[str, str]) -> bool:
    if DAYS[day.weekday()] != each[-2:]:
        return False
    if not each[:-2]:
        return True
    nth = int(each[:-2])
    of_year = parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts
    begin = day.replace(month=1, day=1) if of_year else day.replace(day=1)
    length = 366 if of_year else 31
    same = [d for d in (begin + n * DAY for n in range(length + 1)) if d.weekday() == day.weekday()]
    same = [d for d in same if d.year == day.year and (of_year or d.month == day.month)]
    return same[nth - 1 if nth > 0 else nth] == day if -len(same) <= nth <= len(same) else False


@settings(max_examples=150, deadline=None)
@given(parts=rules(), offset=st.integers(0, 1_500), zone=st.sampled_from([NEW_YORK, TOKYO]))
def test_a_rule_gives_the_days_that_one_would_count_by_hand(parts: dict[str, str], offset: int, zone: ZoneInfo) -> None:
    begin = date(2026, 12, 2) + timedelta(days=offset)
    expected = list(naive(parts, begin, begin + timedelta(days=800)))
    assume(expected)
    first = expected[0]
    expected = [day for day in naive(parts, first, begin + timedelta(days=800)) if day >= first]
    wall = datetime.combine(first, datetime.min.time()).replace(hour=10)
    rule = Recurrence.read(";".join(f"{name}={value}" for name, value in parts.items()))
    found = [each.date() for each in islice(spelled_out(rule, wall), len(expected))]
    assert found == expected
    assert rule.passes(wall)
    assert wall_of(wall.replace(tzinfo=zone), zone) == wall


def test_a_rule_may_come_with_its_name_and_in_small_letters() -> None:
    assert len(walls("RRULE:FREQ=WEEKLY;COUNT=3", span("2026-12-08 19:00"))) == 3
    assert len(walls("freq=weekly;count=3;", span("2026-12-08 19:00"))) == 3

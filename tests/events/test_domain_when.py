"""Nobody is told a time that nobody decided."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.events.domain.when import Announced, Known, When, worded
from shared.kernel.time import zone_of

NY, TOKYO, PARIS = "America/New_York", "Asia/Tokyo", "Europe/Paris"
ANNOUNCED = When(
    "day_part",
    NY,
    "tentative",
    announced=(Announced(NY, date(2026, 12, 15), "evening"), Announced(TOKYO, date(2026, 12, 16), "morning")),
)
INSTANT = When(
    "instant",
    NY,
    "final",
    starts_at=datetime(2022, 12, 16, 0, 0, tzinfo=UTC),
    ends_at=datetime(2022, 12, 16, 1, 30, tzinfo=UTC),
)
ZONES = st.sampled_from([NY, TOKYO, PARIS, "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu"])
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def test_an_evening_in_new_york_and_a_morning_in_tokyo_are_two_dates() -> None:
    assert ANNOUNCED.known_in(NY) == Known(NY, date=date(2026, 12, 15), part="evening")
    assert ANNOUNCED.known_in(TOKYO) == Known(TOKYO, date=date(2026, 12, 16), part="morning")


def test_a_zone_nobody_announced_a_date_for_is_shown_none() -> None:
    assert ANNOUNCED.known_in(PARIS) == Known(PARIS)
    assert worded(ANNOUNCED.known_in(PARIS), ANNOUNCED).en == "no date announced for Europe/Paris (tentative)"


def test_a_day_part_is_worded_in_the_zone_it_was_announced_for() -> None:
    words = worded(ANNOUNCED.known_in(TOKYO), ANNOUNCED)
    assert words.ja == "2026年12月16日(水) 午前・時刻未定(予定)"
    assert words.en == "Wed 16 Dec 2026, morning, time to be decided (tentative)"


def test_an_instant_is_known_everywhere_with_the_date_of_each_zone() -> None:
    assert INSTANT.known_in(NY).date == date(2022, 12, 15)
    assert INSTANT.known_in(TOKYO).date == date(2022, 12, 16)
    assert worded(INSTANT.known_in(TOKYO), INSTANT).ja == "2022年12月16日(金) 09:00〜10:30"
    assert worded(INSTANT.known_in(NY), INSTANT).en == "Thu 15 Dec 2022, 19:00–20:30"


def test_a_month_is_shown_with_the_zone_it_was_said_for() -> None:
    month = When("month", NY, "final", month="2026-12")
    assert month.known_in(NY).month == "2026-12"
    assert month.known_in(TOKYO).month is None
    assert worded(month.known_in(TOKYO), month).en == "Dec 2026, America/New_York, day to be decided"


def test_words_of_an_end_after_midnight_say_so() -> None:
    late = When(
        "instant",
        TOKYO,
        "final",
        starts_at=datetime(2026, 12, 16, 14, 0, tzinfo=UTC),
        ends_at=datetime(2026, 12, 16, 16, 0, tzinfo=UTC),
    )
    assert worded(late.known_in(TOKYO), late).ja == "2026年12月16日(水) 23:00〜翌日01:00"
    assert worded(late.known_in(TOKYO), late).en == "Wed 16 Dec 2026, 23:00–01:00 (+1 d)"


def test_words_of_an_instant_without_an_end_and_of_one_that_lasts_days() -> None:
    start = datetime(2026, 12, 16, 0, 0, tzinfo=UTC)
    open_end = When("instant", TOKYO, "final", starts_at=start)
    assert worded(open_end.known_in(TOKYO), open_end).en == "Wed 16 Dec 2026, 09:00"
    assert open_end.started(start)
    assert open_end.over(start)
    long = When("instant", TOKYO, "final", starts_at=start, ends_at=start + timedelta(days=2))
    assert worded(long.known_in(TOKYO), long).ja == "2026年12月16日(水) 09:00〜2日後 09:00"
    day = When("day", TOKYO, "final", announced=(Announced(TOKYO, date(2026, 12, 16)),))
    assert worded(day.known_in(TOKYO), day).en == "Wed 16 Dec 2026, time to be decided"
    assert not day.started(start)


def test_undecided_is_shown_as_undecided() -> None:
    tba = When("tba", NY, "tentative")
    assert tba.known_in(NY) == Known(NY)
    assert worded(tba.known_in(NY), tba).ja == "日時未定"


@given(zone=ZONES, said=DAYS, asked=ZONES, precision=st.sampled_from(["day", "day_part"]))
def test_less_than_an_instant_never_shows_a_clock_time(zone, said, asked, precision) -> None:  # type: ignore[no-untyped-def] # Hypothesis draws the arguments
    when = When(precision, zone, "final", announced=(Announced(zone, said),))
    known = when.known_in(asked)
    assert known.starts_at is None
    assert known.ends_at is None
    assert known.date == (said if asked == zone else None)
    assert ":" not in (worded(known, when).en or "")


@given(seconds=st.integers(0, 20 * 366 * 86_400), asked=ZONES)
def test_an_instant_shown_in_any_zone_is_the_same_instant(seconds: int, asked: str) -> None:
    starts = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    known = When("instant", NY, "final", starts_at=starts).known_in(asked)
    assert known.starts_at == starts
    assert known.date == starts.astimezone(zone_of(asked)).date()


@given(zone=ZONES, said=DAYS)
def test_a_day_is_over_only_when_it_has_ended_in_its_own_zone(zone: str, said: date) -> None:
    when = When("day", zone, "final", announced=(Announced(zone, said),))
    midnight = datetime.combine(said, datetime.min.time(), zone_of(zone))
    assert not when.over((midnight + timedelta(hours=12)).astimezone(UTC))
    assert when.over((midnight + timedelta(days=2)).astimezone(UTC))


def test_what_is_undecided_is_never_over_and_a_month_is_over_after_its_last_day() -> None:
    assert not When("tba", NY, "final").over(datetime(2100, 1, 1, tzinfo=UTC))
    month = When("month", NY, "final", month="2026-12")
    assert not month.over(datetime(2027, 1, 1, 4, 59, tzinfo=UTC))
    assert month.over(datetime(2027, 1, 1, 5, 0, tzinfo=UTC))

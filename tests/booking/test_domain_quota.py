"""Weekly hours: counted by the site's week, drawn as units nobody else holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.domain.booking import Booking
from services.booking.domain.quota import Share, shares
from services.booking.domain.refusals import BookingRefused
from services.booking.domain.rights import Limit
from services.booking.domain.wall import whole_granules
from shared.kernel.interval import Interval
from shared.kernel.rights import Period, Scope
from shared.kernel.time import week_of, zone_of
from tests.support.booking import MEMBER_A, NEW_YORK, NOW, ROOM, ny, span, under, wish

MEMBER_C = replace(MEMBER_A, kind="special_member_c")
ALWAYS_OPEN = replace(ROOM, opening_hours=None)


class Pool:
    """Five hours a week of one organization, and the bookings that draw on them."""

    def __init__(self) -> None:
        self.where = under(ALWAYS_OPEN, MEMBER_C)
        self.held: dict[str, set[str]] = {}

    def book(self, name: str, wall: str, hours: float) -> Booking:
        wanted = wish(wall, int(hours * 60))
        used = set().union(*self.held.values())
        free = {
            share.prefix: frozenset(n for n in range(share.total) if f"{share.prefix}{n:03d}" not in used)
            for share in self.where.quota(wanted.interval)
        }
        booking = Booking.place(name, wanted, self.where, free, at=NOW, chance=Random(3)).state
        self.held[name] = {claim for claim in booking.claims if claim.startswith("quota|")}
        return booking

    def cancel(self, name: str) -> None:
        del self.held[name]


def test_s5_three_and_two_hours_fill_the_pool_a_third_person_is_refused_until_one_cancels() -> None:
    pool = Pool()
    pool.book("ana", "2026-12-15 09:00", 3)
    pool.book("ben", "2026-12-16 09:00", 2)
    with pytest.raises(BookingRefused) as refused:
        pool.book("cho", "2026-12-17 09:00", 1)
    (violation,) = refused.value.members["violations"]
    assert (violation["code"], violation["rule"]) == ("quota-exceeded", "weekly-hours")
    assert (violation["limit"], violation["used"], violation["requested"]) == (5, 5, 1)
    assert violation["resets_at"] == "2026-12-21T00:00:00-05:00"
    pool.cancel("ben")
    pool.book("cho", "2026-12-17 09:00", 1)


def test_s5_on_monday_at_midnight_of_new_york_the_pool_is_full_again() -> None:
    pool = Pool()
    pool.book("ana", "2026-12-20 19:00", 5)
    pool.book("ben", "2026-12-21 00:00", 5)
    assert len(set().union(*pool.held.values())) == 40


def test_a_booking_over_the_weeks_edge_draws_from_both_weeks_and_is_refused_by_the_one_that_is_empty() -> None:
    pool = Pool()
    pool.book("ana", "2026-12-20 10:00", 4)
    over = pool.book("ben", "2026-12-20 23:00", 3)
    drawn = sorted(claim.rsplit("|", 1)[0] for claim in over.claims if claim.startswith("quota|"))
    assert drawn == ["quota|org-a|weekly-hours|2026-W51"] * 4 + ["quota|org-a|weekly-hours|2026-W52"] * 8
    with pytest.raises(BookingRefused) as refused:
        pool.book("cho", "2026-12-20 22:30", 3)
    assert [v["used"] for v in refused.value.members["violations"]] == [5]


def test_a_quarter_of_an_hour_is_counted_as_one() -> None:
    pool = Pool()
    pool.book("ana", "2026-12-15 09:00", 4.75)
    with pytest.raises(BookingRefused) as refused:
        pool.book("ben", "2026-12-16 09:00", 0.5)
    (violation,) = refused.value.members["violations"]
    assert (violation["used"], violation["requested"]) == (4.75, 0.5)


def test_the_clean_up_gap_costs_no_quota() -> None:
    assert sum(share.units for share in under(ALWAYS_OPEN, MEMBER_C).quota(span("2026-12-15 19:00"))) == 4


HOURLY = Limit(Period.WEEK, Scope.ORGANIZATION, 5, step_minutes=60)


@pytest.mark.parametrize(
    ("wall", "minutes", "hours"),
    [
        ("2026-12-15 09:00", 60, [1]),
        ("2026-12-15 09:00", 75, [2]),
        ("2026-12-20 23:30", 60, [1, 1]),  # over the week's edge: a begun hour of each
    ],
)
def test_a_begun_step_of_the_limit_is_billed_as_a_whole(wall: str, minutes: int, hours: list[int]) -> None:
    drawn = [share.units for share in shares(wish(wall, minutes).interval, MEMBER_C, [HOURLY], NEW_YORK)]
    assert drawn == [4 * each for each in hours]


def test_who_has_less_than_what_is_billed_is_told_the_steps_and_how_long_would_do() -> None:
    (share,) = shares(wish("2026-12-15 09:00", 75).interval, MEMBER_C, [HOURLY], NEW_YORK)
    refused = share.exceeded(range(7), NEW_YORK)
    assert refused is not None
    assert refused.spoken().items() >= {"requested": 2, "used": 3.25, "step_minutes": 60}.items()
    assert refused.left == timedelta(hours=1)


def test_units_are_drawn_at_random_among_the_free_ones() -> None:
    share = Share("quota|o|r|w|", 4, 80, NOW)
    drawn = {share.claims(frozenset(range(80)), Random(seed)) for seed in range(20)}
    assert len(drawn) > 15
    assert set(Share("q|", 2, 80, NOW).claims({5, 77}, Random(1))) == {"q|005", "q|077"}


INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — bounds are naive by hypothesis' own rule
ZONES = st.sampled_from(["America/New_York", "Asia/Tokyo", "Europe/London", "Asia/Kathmandu", "Pacific/Apia"])


@given(start=INSTANTS, minutes=st.integers(1, 7 * 1440), name=ZONES)
def test_the_shares_of_a_booking_add_up_and_each_lies_in_its_own_week(start: datetime, minutes: int, name: str) -> None:
    zone = zone_of(name)
    start = start.replace(second=0, microsecond=0)
    interval = Interval(start, start + timedelta(minutes=minutes))
    parts = list(shares(interval, MEMBER_A, [Limit(Period.WEEK, Scope.ORGANIZATION, 20)], zone))
    assert len({share.prefix for share in parts}) == len(parts)
    assert parts[0].prefix.split("|")[3] == week_of(interval.start, zone)[0]
    assert all(share.units > 0 and share.total == 80 for share in parts)
    whole = whole_granules(interval.length)
    assert whole <= sum(share.units for share in parts) <= whole + len(parts) - 1
    for share in parts:
        monday = share.resets_at.astimezone(zone)
        assert (monday.weekday(), monday.hour, monday.minute) == (0, 0, 0)


def test_the_week_of_a_clock_change_still_ends_on_monday_at_midnight() -> None:
    _, spring = week_of(ny("2027-03-14 12:00"), NEW_YORK)
    _, autumn = week_of(ny("2027-11-07 12:00"), NEW_YORK)
    assert (spring.length, autumn.length) == (timedelta(hours=167), timedelta(hours=169))

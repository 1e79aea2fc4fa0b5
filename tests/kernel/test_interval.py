"""`[start, end)` over instants, and the granules it claims."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.interval import GRANULE, Interval, gaps

EVENING = datetime(2026, 12, 16, tzinfo=UTC)
minutes = st.integers(min_value=0, max_value=60 * 24 * 30)
intervals = st.tuples(minutes, st.integers(min_value=1, max_value=60 * 24 * 3)).map(
    lambda pair: Interval(EVENING + timedelta(minutes=pair[0]), EVENING + timedelta(minutes=pair[0] + pair[1]))
)


def at(hour: int, minute: int = 0) -> datetime:
    return EVENING + timedelta(hours=hour, minutes=minute)


def test_what_ends_at_twenty_leaves_twenty_free() -> None:
    assert not Interval(at(19), at(20)).overlaps(Interval(at(20), at(21)))
    assert Interval(at(19), at(20)).overlaps(Interval(at(19, 59), at(21)))


@given(intervals, intervals)
def test_two_intervals_overlap_exactly_where_an_instant_is_in_both(a: Interval, b: Interval) -> None:
    assert a.overlaps(b) is (max(a.start, b.start) < min(a.end, b.end))
    assert a.overlaps(b) is b.overlaps(a)


@given(intervals, intervals)
def test_containing_is_overlapping_with_nothing_outside(a: Interval, b: Interval) -> None:
    assert a.contains(b) is (a.start <= b.start and b.end <= a.end)
    assert not a.contains(b) or a.overlaps(b)


@given(intervals)
def test_granules_cover_the_interval_and_no_further_granule_does(each: Interval) -> None:
    granules = list(each.granules())
    assert granules == sorted(set(granules))
    assert all((granule - datetime(1970, 1, 1, tzinfo=UTC)) % GRANULE == timedelta() for granule in granules)
    assert granules[0] <= each.start < granules[0] + GRANULE
    assert granules[-1] < each.end <= granules[-1] + GRANULE
    assert len(granules) == (granules[-1] - granules[0]) // GRANULE + 1


@given(intervals, intervals)
def test_intervals_that_overlap_share_a_granule(a: Interval, b: Interval) -> None:
    shared = set(a.granules()) & set(b.granules())
    assert shared or not a.overlaps(b)


def test_an_hour_on_the_hour_is_four_granules() -> None:
    assert list(Interval(at(19), at(20)).granules()) == [at(19, minute) for minute in (0, 15, 30, 45)]


def test_a_clean_up_gap_lengthens_the_end_only() -> None:
    lengthened = Interval(at(19), at(20)).lengthened(timedelta(minutes=15))
    assert lengthened == Interval(at(19), at(20, 15))
    assert lengthened.length == timedelta(minutes=75)


@pytest.mark.parametrize("end", [at(19), at(18)])
def test_an_interval_that_ends_before_it_lasts_is_no_interval(end: datetime) -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Interval(at(19), end)


def test_an_interval_is_made_of_utc_instants_only() -> None:
    tokyo = timezone(timedelta(hours=9))
    with pytest.raises(ValueError, match="UTC"):
        Interval(datetime(2026, 12, 16, 9, tzinfo=tokyo), at(2))


@given(intervals, st.lists(intervals, max_size=12))
def test_gaps_are_what_nothing_taken_covers(within: Interval, taken: list[Interval]) -> None:
    free = gaps(within, taken)
    assert all(within.contains(each) for each in free)
    assert not any(each.overlaps(other) for each in free for other in taken)
    assert all(before.end < after.start for before, after in pairwise(free))
    probes = [within.start + within.length * n / 16 for n in range(16)]
    for probe in probes:
        covered = any(other.start <= probe < other.end for other in taken)
        assert covered is not any(each.start <= probe < each.end for each in free)


@given(intervals, intervals)
def test_what_lies_within_another_is_in_both(one: Interval, other: Interval) -> None:
    if one.overlaps(other):
        inner = one.within(other)
        assert one.contains(inner)
        assert other.contains(inner)
        assert inner == other.within(one)

"""Where to look for what would pass instead of a refused wish: close by first, then where its rules allow it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.booking.domain.party import Party
from services.booking.domain.quota_violations import QuotaExceeded
from services.booking.domain.violations import (
    MembershipEndsBeforeUse,
    MembershipStartsAfterUse,
    TooFarAhead,
    Violation,
)
from services.booking.domain.wall import day_of
from shared.kernel.interval import Interval
from shared.kernel.time import start_of_day, zone_of

NEAR, DAY, WEEK = timedelta(hours=2), timedelta(days=1), timedelta(weeks=1)
WEEKS = 2
"""Longer no place is closed."""


def windows(wish: Interval, zone: ZoneInfo) -> tuple[Interval, Interval]:
    """Close by, and, if that is not enough, on the site's day and the next one."""
    day = day_of(wish.start, zone)
    two_days = Interval(start_of_day(day, zone), max(wish.end, start_of_day(day + 2 * DAY, zone)))
    return Interval(wish.start - NEAR, wish.end + NEAR), two_days


def later(wish: Interval, zone: ZoneInfo, party: Party, broken: Sequence[Violation]) -> Iterator[Interval]:
    """Beyond these: from when every pool that was too small is full again and the membership has begun, week by week;
    of what is too far ahead, the last week that is not.
    """
    for no in broken:
        if isinstance(no, TooFarAhead):
            end = start_of_day(date.fromisoformat(str(no.limit)) + DAY, zone)
            yield Interval(end - WEEK, end)
            return
    begin = max(_from_when(party, broken), default=windows(wish, zone)[1].end)
    for week in range(WEEKS):
        yield Interval(begin + week * WEEK, begin + (week + 1) * WEEK)


def until_when(party: Party, broken: Sequence[Violation]) -> Iterator[datetime]:
    """When the membership ends, of a wish that does not."""
    for no in broken:
        if isinstance(no, MembershipEndsBeforeUse):
            yield start_of_day(date.fromisoformat(str(no.limit)) + DAY, zone_of(party.home_zone))


def _from_when(party: Party, broken: Sequence[Violation]) -> Iterator[datetime]:
    for no in broken:
        if isinstance(no, QuotaExceeded) and no.resets_at:
            yield datetime.fromisoformat(no.resets_at).astimezone(UTC)
        if isinstance(no, MembershipStartsAfterUse):
            yield start_of_day(date.fromisoformat(str(no.limit)), zone_of(party.home_zone))

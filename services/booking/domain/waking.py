"""Time in which people can be expected to answer: 08 to 22 on their own clocks, whatever these do meanwhile."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.booking.domain.opening import DAY
from services.booking.domain.wall import day_of
from shared.kernel.interval import Interval
from shared.kernel.time import at_wall

WAKES, SLEEPS = time(8), time(22)


def waking(since: datetime, zone: ZoneInfo) -> Iterator[Interval]:
    """The waking hours of `zone` from `since` on, in order, without end."""
    day = day_of(since, zone)
    while True:
        start, end = max(at_wall(day, WAKES, zone), since), at_wall(day, SLEEPS, zone)
        if start < end:
            yield Interval(start, end)
        day += DAY


def is_awake(at: datetime, zone: ZoneInfo) -> bool:
    return next(waking(at, zone)).start == at


def waking_time(since: datetime, until: datetime, zone: ZoneInfo) -> timedelta:
    """How much of `[since, until)` somebody in `zone` is awake."""
    total = timedelta()
    for hours in waking(since, zone):
        if hours.start >= until:
            break
        total += min(hours.end, until) - hours.start
    return total


def awake_for(length: timedelta, since: datetime, zone: ZoneInfo) -> datetime:
    """The instant by which somebody in `zone` has been awake for `length` since `since`."""
    for hours in waking(since, zone):
        if length <= hours.length:
            return hours.start + length
        length -= hours.length
    raise AssertionError("waking hours never end")

"""When a resource is open: rules written on the wall clock of its site, answered as instants."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.booking.domain.wall import day_of
from shared.kernel.interval import Interval
from shared.kernel.time import at_wall

DAY = timedelta(days=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Opening:
    """Open on `days` from `opens` to `closes` (`HH:MM`, `24:00` too); not after `opens` means on the next day."""

    days: tuple[str, ...]
    opens: str
    closes: str


@lru_cache(maxsize=4_096)
def hours_on(day: date, opening: Opening, zone: ZoneInfo) -> Interval | None:
    """Its instants on `day`, None on other weekdays or where a clock change leaves nothing of it."""
    if WEEKDAYS[day.weekday()] not in opening.days:
        return None
    opens, closes = _minutes(opening.opens), _minutes(opening.closes)
    start = _at(day, opens, zone)
    end = _at(day, closes if closes > opens else closes + 1_440, zone)
    return Interval(start, end) if start < end else None


ALWAYS = (Opening(WEEKDAYS, "00:00", "24:00"),)


def openings(hours: Callable[[date], Sequence[Opening]], zone: ZoneInfo, within: Interval) -> list[Interval]:
    """The open ranges that overlap `within`, in order, joined where one begins as another ends.

    `hours` are those of a day: one without any cancels what would open on it, also the part that would reach into the
    next day.
    """
    opened = sorted(_opened(hours, zone, within))
    return [each for each in _joined(opened) if each.overlaps(within)]


def _opened(hours: Callable[[date], Sequence[Opening]], zone: ZoneInfo, within: Interval) -> Iterator[Interval]:
    day, last = day_of(within.start, zone) - DAY, day_of(within.end, zone)
    while day <= last:
        yield from (opened for each in hours(day) if (opened := hours_on(day, each, zone)))
        day += DAY


def _joined(ranges: list[Interval]) -> Iterator[Interval]:
    current: Interval | None = None
    for each in ranges:
        if current and each.start <= current.end:
            current = Interval(current.start, max(current.end, each.end))
            continue
        if current:
            yield current
        current = each
    if current:
        yield current


def _minutes(wall: str) -> int:
    hours, minutes = wall.split(":")
    return int(hours) * 60 + int(minutes)


def _at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minutes, 1_440)
    return at_wall(day + days * DAY, time(rest // 60, rest % 60), zone)

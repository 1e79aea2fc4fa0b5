"""A rule of RFC 5545 spelled out in wall times, by `dateutil`; what may be asked of it is judged in `domain`."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from services.booking.domain.occurring import Planned, bookable, planned, wall_of
from services.booking.domain.recurrence import Recurrence
from services.booking.domain.rules import Circumstances
from services.booking.domain.series_refusals import RecurrenceInvalid, RecurrenceUnmet
from shared.kernel.interval import Interval

CYCLES = 19 * 400
"""Years. Every 400 the calendar repeats, its weekdays too: so near the year 9999 a rule that hardly ever has a day, or
never, is soon done with, where from now on it would be looked through for eight thousand years.
"""


def times_of(rule: Recurrence, first: Interval, zone: ZoneInfo, under: Circumstances, at: datetime) -> list[Planned]:
    """All that the rule asks for, as far as anybody, or without its own end the party, may book today.

    Raises RecurrenceInvalid, RecurrenceUnmet, IntervalInvalid, BeyondHorizon.
    """
    begins, last = wall_of(first.start, zone), rule.last_wall(zone)
    if last is not None and last < begins:
        raise RecurrenceInvalid(part="UNTIL")
    walls = spelled_out(rule, begins) if rule.passes(begins) else iter(())
    if (met := next(walls, None)) != begins:
        raise RecurrenceUnmet(first=met.isoformat(timespec="minutes") if met else None)
    rest = walls if rule.count is None else islice(walls, rule.count - 1)
    rest = rest if last is None else takewhile(lambda wall: wall <= last, rest)
    return list(bookable(planned(first, rest, zone), under, at, bounded=rule.bounded))


def spelled_out(rule: Recurrence, begins: datetime) -> Iterator[datetime]:
    """Its wall times from `begins` on, without end of its own. Raises RecurrenceInvalid."""
    try:
        for wall in rrulestr(rule.rule, dtstart=begins.replace(year=begins.year + CYCLES)):
            yield wall.replace(year=wall.year - CYCLES)
    except (ValueError, IndexError):  # how dateutil says that it cannot make sense of one
        raise RecurrenceInvalid(part="RRULE") from None

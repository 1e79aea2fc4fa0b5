"""Weekly hours of an organization at a site: units that documents claim, so that no two hold the same one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from services.booking.domain.violations import QuotaExceeded
from services.booking.domain.wall import whole_granules
from shared.kernel.interval import GRANULE, Interval
from shared.kernel.time import shown, week_of

UNITS_PER_HOUR = 4
RULE = QuotaExceeded.rule


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a booking that falls into one week of the site: `units` of 15 minutes of the pool `prefix`."""

    prefix: str
    units: int
    total: int
    resets_at: datetime

    def claims(self, free: Collection[int], chance: Random) -> tuple[str, ...]:
        """Units picked at random: lowest first would make everyone collide on the same ones."""
        return tuple(f"{self.prefix}{unit:03d}" for unit in chance.sample(sorted(free), self.units))

    def exceeded(self, free: Collection[int], zone: ZoneInfo) -> QuotaExceeded | None:
        """Why the free units do not suffice, or None if they do."""
        if len(free) >= self.units:
            return None
        return QuotaExceeded(
            limit=_hours(self.total),
            used=_hours(self.total - len(free)),
            requested=_hours(self.units),
            resets_at=shown(self.resets_at, zone),
        )


def shares(interval: Interval, organization: str, weekly_hours: int, zone: ZoneInfo) -> Iterator[Share]:
    """One share for each week of `zone` the booking touches; the clean-up gap is on the house."""
    at = interval.start
    while at < interval.end:
        name, week = week_of(at, zone)
        until = min(interval.end, week.end)
        yield Share(prefix(organization, name), whole_granules(until - at), weekly_hours * UNITS_PER_HOUR, week.end)
        at = until


def prefix(organization: str, period: str) -> str:
    """What the claims of one pool begin with; the number of a unit follows."""
    return f"quota|{organization}|{RULE}|{period}|"


def _hours(units: int) -> int | float:
    hours = units / UNITS_PER_HOUR
    return int(hours) if hours.is_integer() else hours


assert GRANULE.total_seconds() * UNITS_PER_HOUR == 3_600

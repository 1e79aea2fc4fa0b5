"""Hours of an organization or a person at a site: units that documents claim, so that no two hold the same one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import assert_never
from zoneinfo import ZoneInfo

from services.booking.domain.party import Party
from services.booking.domain.quota_violations import RULES, QuotaExceeded, WeeklyHours
from services.booking.domain.rights import Limit
from services.booking.domain.wall import day_of, months_after, whole_granules
from shared.kernel.interval import GRANULE, Interval
from shared.kernel.rights import EVERY, Period, Scope
from shared.kernel.time import shown, start_of_day, week_of

UNITS_PER_HOUR = 4
MINUTES_PER_UNIT = 15


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a booking that falls into one period of the site: `units` of 15 minutes of the pool `prefix`.

    They are whole steps of `step` units each, as the limit is billed.
    """

    prefix: str
    units: int
    total: int
    resets_at: datetime
    rule: type[QuotaExceeded] = WeeklyHours
    step: int = 1

    def free(self, used: Collection[int]) -> set[int]:
        """The units nobody holds; those still held beyond a limit that was lowered count as well."""
        left = [unit for unit in range(self.total) if unit not in used]
        beyond = sum(1 for unit in used if unit >= self.total)
        return set(left[: max(0, len(left) - beyond)])

    def claims(self, free: Collection[int], chance: Random) -> tuple[str, ...]:
        """Units picked at random: lowest first would make everyone collide on the same ones."""
        return tuple(f"{self.prefix}{unit:03d}" for unit in chance.sample(sorted(free), self.units))

    def exceeded(self, free: Collection[int], zone: ZoneInfo) -> QuotaExceeded | None:
        """Why the free units do not suffice, or None if they do."""
        if len(free) >= self.units:
            return None
        return self.rule(
            limit=_hours(self.total),
            used=_hours(self.total - len(free)),
            requested=_hours(self.units),
            resets_at=shown(self.resets_at, zone),
            step_minutes=self.step * MINUTES_PER_UNIT,
        )

    def at_most(self, length: timedelta) -> Share:
        """What a use that long draws of it, wherever in the period it lies."""
        return replace(self, units=min(self.units, _billed(length, self.step)))


def shares(interval: Interval, party: Party, limits: Iterable[Limit], zone: ZoneInfo) -> Iterator[Share]:
    """For each limit one share for each of its periods in `zone` the booking touches; the clean-up gap is free."""
    for limit in limits:
        at = interval.start
        while at < interval.end:
            name, period = _period(limit.period, at, zone)
            until = min(interval.end, period.end)
            step = limit.step_minutes // MINUTES_PER_UNIT
            yield Share(
                prefix(party, limit, name),
                _billed(until - at, step),
                limit.hours * UNITS_PER_HOUR,
                period.end,
                RULES[limit.scope, limit.period],
                step,
            )
            at = until


def _billed(length: timedelta, step: int) -> int:
    """Units of all steps that are begun."""
    return -(-whole_granules(length) // step) * step


def prefix(party: Party, limit: Limit, period: str) -> str:
    """What the claims of one pool begin with; the number of a unit follows."""
    owner = party.person if limit.scope is Scope.PERSON else party.id
    over = "" if limit.over == EVERY else f"-{limit.over}"
    return f"quota|{owner}|{RULES[limit.scope, limit.period].rule}{over}|{period}|"


def _period(period: Period, at: datetime, zone: ZoneInfo) -> tuple[str, Interval]:
    """The name of the period of `zone` that holds `at`, and its instants."""
    day = day_of(at, zone)
    match period:
        case Period.WEEK:
            return week_of(at, zone)
        case Period.DAY:
            name, first, end = day.isoformat(), day, day + timedelta(days=1)
        case Period.MONTH:
            first = day.replace(day=1)
            name, end = f"{first:%Y-%m}", months_after(first, 1)
        case _:
            assert_never(period)
    return name, Interval(start_of_day(first, zone), start_of_day(end, zone))


def _hours(units: int) -> int | float:
    hours = units / UNITS_PER_HOUR
    return int(hours) if hours.is_integer() else hours


assert GRANULE == timedelta(hours=1) / UNITS_PER_HOUR == timedelta(minutes=MINUTES_PER_UNIT)

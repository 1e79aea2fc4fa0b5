"""Hours of an organization or a person at a site: units that documents claim, so that no two hold the same one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import assert_never
from zoneinfo import ZoneInfo

from services.booking.domain.party import Party
from services.booking.domain.rights import Limit
from services.booking.domain.violations import QuotaExceeded
from services.booking.domain.wall import day_of, months_after, whole_granules
from shared.kernel.interval import GRANULE, Interval
from shared.kernel.rights import EVERY, Period, Scope
from shared.kernel.text import Text
from shared.kernel.time import shown, start_of_day, week_of

UNITS_PER_HOUR = 4


class DailyHours(QuotaExceeded):
    rule = "daily-hours"
    message = Text(
        ja="団体の一日の利用時間の上限を超えます。", en="Your organization has not that many hours left on that day."
    )


class WeeklyHours(QuotaExceeded):
    rule = "weekly-hours"
    message = Text(
        ja="団体の週間利用時間の上限を超えます。", en="Your organization has not that many hours left in that week."
    )


class MonthlyHours(QuotaExceeded):
    rule = "monthly-hours"
    message = Text(
        ja="団体の月間利用時間の上限を超えます。", en="Your organization has not that many hours left in that month."
    )


class OwnDailyHours(QuotaExceeded):
    rule = "own-daily-hours"
    message = Text(ja="お一人の一日の利用時間の上限を超えます。", en="You have not that many hours left on that day.")


class OwnWeeklyHours(QuotaExceeded):
    rule = "own-weekly-hours"
    message = Text(ja="お一人の週間利用時間の上限を超えます。", en="You have not that many hours left in that week.")


class OwnMonthlyHours(QuotaExceeded):
    rule = "own-monthly-hours"
    message = Text(ja="お一人の月間利用時間の上限を超えます。", en="You have not that many hours left in that month.")


RULES: Mapping[tuple[Scope, Period], type[QuotaExceeded]] = {
    (Scope.ORGANIZATION, Period.DAY): DailyHours,
    (Scope.ORGANIZATION, Period.WEEK): WeeklyHours,
    (Scope.ORGANIZATION, Period.MONTH): MonthlyHours,
    (Scope.PERSON, Period.DAY): OwnDailyHours,
    (Scope.PERSON, Period.WEEK): OwnWeeklyHours,
    (Scope.PERSON, Period.MONTH): OwnMonthlyHours,
}


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a booking that falls into one period of the site: `units` of 15 minutes of the pool `prefix`."""

    prefix: str
    units: int
    total: int
    resets_at: datetime
    rule: type[QuotaExceeded] = WeeklyHours

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
        )


def shares(interval: Interval, party: Party, limits: Iterable[Limit], zone: ZoneInfo) -> Iterator[Share]:
    """For each limit one share for each of its periods in `zone` the booking touches; the clean-up gap is free."""
    for limit in limits:
        at = interval.start
        while at < interval.end:
            name, period = _period(limit.period, at, zone)
            until = min(interval.end, period.end)
            yield Share(
                prefix(party, limit, name),
                whole_granules(until - at),
                limit.hours * UNITS_PER_HOUR,
                period.end,
                RULES[limit.scope, limit.period],
            )
            at = until


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


assert GRANULE.total_seconds() * UNITS_PER_HOUR == 3_600

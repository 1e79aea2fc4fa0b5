"""Periods of membership: whole days of the organization's home zone, as a rule a Japanese fiscal year or its rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.kernel.refusal import Refusal
from shared.kernel.text import Text
from shared.kernel.time import start_of_day, zone_of

DAY = timedelta(days=1)
REMINDED_DAYS = (60, 30)
"""How many days before the end of the last period the organization's admins are told."""
MOST_PERIODS = 60
"""Of one organization; the oldest fall away."""


class PeriodsOverlap(Refusal):
    """Member `membership` is the period that is known already."""

    code = "periods-overlap"
    message = Text(ja="既存の会員期間と重なっています。", en="That period overlaps one the organization has already.")


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """First and last day of validity, both included, days of the organization's home zone."""

    starts_on: date
    ends_on: date

    def end(self, zone: str) -> datetime:
        """The first instant after it."""
        return start_of_day(self.ends_on + DAY, zone_of(zone))


Periods = tuple[Membership, ...]


def rest_of_fiscal_year(day: date) -> Membership:
    """From `day` to the 31 March that ends its Japanese fiscal year."""
    return Membership(day, date(day.year + (day.month > 3), 3, 31))


def following(periods: Periods, today: date) -> Membership:
    """What a renewal adds: the fiscal year right after the last period or, where that is over too, the rest of ours."""
    if not periods:
        return rest_of_fiscal_year(today)
    after = rest_of_fiscal_year(periods[-1].ends_on + DAY)
    return after if after.ends_on >= today else rest_of_fiscal_year(today)


def with_period(periods: Periods, added: Membership) -> Periods:
    """In order. Raises PeriodsOverlap."""
    for each in periods:
        if added.starts_on <= each.ends_on and each.starts_on <= added.ends_on:
            known = {"starts_on": each.starts_on.isoformat(), "ends_on": each.ends_on.isoformat()}
            raise PeriodsOverlap(membership=known)
    return tuple(sorted((*periods, added)))[-MOST_PERIODS:]


def set_anew(periods: Periods, wanted: Membership, today: date) -> Periods:
    """`wanted` and nothing else from now on; what was over before it stays as history."""
    over = min(wanted.starts_on, today)
    return (*(each for each in periods if each.ends_on < over), wanted)[-MOST_PERIODS:]


def current(periods: Periods, today: date) -> Membership | None:
    """The one that holds `today`; else the next to come; else the last there was."""
    return next((each for each in periods if each.ends_on >= today), periods[-1] if periods else None)


def runs(periods: Sequence[Membership]) -> list[Membership]:
    """Periods that follow each other without a day between, as one."""
    found: list[Membership] = []
    for each in periods:
        goes_on = bool(found) and found[-1].ends_on + DAY == each.starts_on
        found.append(Membership(found.pop().starts_on, each.ends_on) if goes_on else each)
    return found


def days_left(period: Membership, today: date) -> int:
    """Days of it still to come, `today` counted; 0 or less where it is over."""
    return (period.ends_on - today).days + 1


def reminders(period: Membership, zone: str) -> list[tuple[datetime, int]]:
    """When its coming end is told, and how many days it then still has; the earliest first."""
    at = zone_of(zone)
    return [(start_of_day(period.ends_on + DAY - days * DAY, at), days) for days in REMINDED_DAYS]

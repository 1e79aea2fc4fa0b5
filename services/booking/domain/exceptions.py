"""Days on which a site, or one resource of it, is open at other hours than it would be, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from services.booking.domain.availability import Occupied
from services.booking.domain.exception_refusals import BookedThen, ExceptionTooFar, HoursInvalid, PastException
from services.booking.domain.opening import WEEKDAYS, Opening
from services.booking.domain.resource import Resource
from services.booking.domain.site import ExceptionalDay, Holidays, Site
from services.booking.domain.wall import day_of, months_after, spoken_with_local
from shared.kernel.interval import Interval
from shared.kernel.rights import FURTHEST_MONTHS
from shared.kernel.text import Text
from shared.kernel.time import start_of_day

_SHOWN = 100


class Range(Protocol):
    @property
    def opens(self) -> str: ...
    @property
    def closes(self) -> str: ...


def exceptional_day(day: date, hours: Iterable[Range], reason: Text, resource: str | None) -> ExceptionalDay:
    """Raises HoursInvalid."""
    ranges = tuple(Opening(WEEKDAYS, each.opens, each.closes) for each in hours)
    if any(each.opens >= each.closes for each in ranges):
        raise HoursInvalid
    return ExceptionalDay(day, ranges, reason, resource)


def check_day(day: date, site: Site, at: datetime) -> None:
    """Raises PastException, ExceptionTooFar."""
    today = day_of(at, site.zone)
    if day < today:
        raise PastException
    if day > months_after(today, FURTHEST_MONTHS):
        raise ExceptionTooFar


def around(day: date, site: Site) -> Interval:
    """All that what opens on that day can reach."""
    return Interval(start_of_day(day, site.zone), start_of_day(day + timedelta(days=2), site.zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What is booked around a day that is to be another one."""

    known: Mapping[str, Resource]
    taken: Sequence[Occupied]
    holidays: Holidays
    at: datetime

    def check(self, before: Site, after: Site, key: tuple[date, str | None]) -> None:
        """Raises BookedThen where something would no longer lie in open hours that does, or did before an exception
        that is there already: so the same asked again tells what slipped in.
        """
        usual = before.excepting(key, None, self.at).state
        lost = [each for each in self._coming() if self._closes_on(each, (before, usual), after)]
        if lost:
            raise BookedThen(count=len(lost), conflicts=[_spoken(each, before) for each in lost[:_SHOWN]])

    def _coming(self) -> list[Occupied]:
        coming = [each for each in self.taken if each.interval.end > self.at and not each.lapsed(self.at)]
        return sorted(coming, key=lambda each: (each.interval.start, each.resource))

    def _closes_on(self, booked: Occupied, before: Collection[Site], after: Site) -> bool:
        resource = self.known.get(booked.resource)
        if resource is None:
            return False
        was = any(self._is_open(resource, site, booked.interval) for site in before)
        return was and not self._is_open(resource, after, booked.interval)

    def _is_open(self, resource: Resource, site: Site, interval: Interval) -> bool:
        return any(each.contains(interval) for each in resource.openings(site, self.holidays, interval))


def _spoken(each: Occupied, site: Site) -> Mapping[str, Any]:
    return {"resource": each.resource, **spoken_with_local(each.interval, site.zone)}

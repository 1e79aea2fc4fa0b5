"""Which rules a wanted booking breaks, all of them at once; who holds the slot is decided by the write alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.booking.domain.party import Party
from services.booking.domain.quota import Share, shares
from services.booking.domain.quota_violations import QuotaExceeded
from services.booking.domain.refusals import (
    BeyondHorizon,
    IntervalInvalid,
    IntervalTooLong,
    StartsInThePast,
)
from services.booking.domain.resource import Resource
from services.booking.domain.rights import Policy, Right
from services.booking.domain.site import Holidays, Site
from services.booking.domain.status import Mode
from services.booking.domain.violations import (
    Closed,
    ClosedOnHoliday,
    KindNotAllowed,
    NotOnGranule,
    OutsideOpeningHours,
    TooFarAhead,
    TooLong,
    TooManyAttendees,
    TooShort,
    Violation,
)
from services.booking.domain.wall import day_of, months_after
from shared.kernel.interval import Interval
from shared.kernel.rights import FURTHEST_MONTHS

LONGEST = timedelta(days=7)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
INSTANT = timedelta(milliseconds=1)
FreeUnits = Mapping[str, Collection[int]]
"""By the prefix of a pool's claims, the numbers in it that nobody holds: units of quota, slots for holds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request to book."""

    interval: Interval
    booked_by: str
    booked_for: str
    purpose: str | None = None
    attendees: int | None = None
    mode: Mode = Mode.CONFIRM


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything the rules look at beside the wish: where, what, for whom, by which table."""

    site: Site
    resource: Resource
    party: Party
    policy: Policy
    holidays: Holidays

    @property
    def right(self) -> Right:
        """What the party may do with this kind of resource at this site."""
        return self.policy.of(self.party.kind, self.site.id, self.resource.kind)

    @property
    def needs_approval(self) -> bool:
        """Staff of the site say yes or no first: by the table, or by the resource's own rules."""
        return self.right.needs_approval or self.resource.needs_approval

    def quota(self, interval: Interval) -> list[Share]:
        """What a booking over `interval` takes of the party's pools; empty without a quota."""
        return list(shares(interval, self.party, self.right.limits, self.site.zone))


def interval_of(start: datetime, end: datetime) -> Interval:
    """Raises IntervalInvalid, IntervalTooLong."""
    if end <= start:
        raise IntervalInvalid
    if end - start > LONGEST:
        raise IntervalTooLong
    return Interval(start, end)


def check_form(interval: Interval, zone: ZoneInfo, at: datetime) -> None:
    """What no booking may be, whoever asks. Raises StartsInThePast, BeyondHorizon."""
    if interval.start < at:
        raise StartsInThePast
    if day_of(interval.start, zone) > months_after(day_of(at, zone), FURTHEST_MONTHS):
        raise BeyondHorizon


def violations(wanted: Wanted, under: Circumstances, at: datetime) -> list[Violation]:
    """Every broken rule but quota and occupancy, which hang on what others hold."""
    return [
        *_of_resource(wanted, under.resource, under.site.zone),
        *_of_opening(wanted.interval, under),
        *_of_rights(wanted.interval, under, at),
        *under.party.refusals_over(wanted.interval),
    ]


def over_quota(shares: Iterable[Share], free: FreeUnits, zone: ZoneInfo) -> list[QuotaExceeded]:
    """One violation for each week whose free units do not suffice."""
    return [no for share in shares if (no := share.exceeded(free[share.prefix], zone))]


def _of_resource(wanted: Wanted, resource: Resource, zone: ZoneInfo) -> Iterator[Violation]:
    interval, minutes = wanted.interval, -(-wanted.interval.length // MINUTE)
    if not all(resource.fits(at, zone) for at in (interval.start, interval.end)):
        yield NotOnGranule(limit=", ".join(resource.boundaries) or resource.granule_minutes)
    if minutes < resource.shortest_minutes:
        yield TooShort(limit=resource.shortest_minutes, requested=minutes)
    if minutes > resource.longest_minutes:
        yield TooLong(limit=resource.longest_minutes, requested=minutes)
    if wanted.attendees is not None and wanted.attendees > resource.capacity:
        yield TooManyAttendees(limit=resource.capacity, requested=wanted.attendees)


def _of_opening(interval: Interval, under: Circumstances) -> Iterator[Violation]:
    site, holidays = under.site, under.holidays
    if any(each.contains(interval) for each in under.resource.openings(site, holidays, interval)):
        return
    first, last = day_of(interval.start, site.zone), day_of(interval.end - INSTANT, site.zone)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    excepted = {day: each for day in days if (each := under.resource.exception_on(day, site))}
    closed = [each for each in excepted.values() if not each.hours]
    for each in closed:
        yield Closed(requested=each.day.isoformat(), reason=each.reason)
    closing = [h for h, closes in site.holidays(holidays, first, last + DAY) if closes and h.day not in excepted]
    for holiday in closing:
        yield ClosedOnHoliday(limit=holiday.name.best("en"), requested=holiday.day.isoformat())
    if not closing and not closed:
        yield OutsideOpeningHours()


def _of_rights(interval: Interval, under: Circumstances, at: datetime) -> Iterator[Violation]:
    right, zone = under.right, under.site.zone
    if not right.allowed:
        yield KindNotAllowed(requested=under.resource.kind)
        return
    last, day = months_after(day_of(at, zone), right.months_ahead), day_of(interval.start, zone)
    if day > last:
        yield TooFarAhead(limit=last.isoformat(), requested=day.isoformat())

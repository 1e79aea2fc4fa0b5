"""Until when a booking may stay unsettled, and when its holder is reminded of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.booking.domain.opening import DAY
from services.booking.domain.resource import Resource
from services.booking.domain.rules import Circumstances
from services.booking.domain.status import Status
from services.booking.domain.wall import day_of
from shared.kernel.interval import Interval
from shared.kernel.time import at_wall

APPROVAL = timedelta(days=14)
REMINDED_BEFORE = timedelta(hours=48)
CHALLENGED = timedelta(hours=24)
_FURTHEST = 60
"""Days to look for one on which the resource opens; behind that it hardly ever does."""


def deadline(status: Status, use: Interval, under: Circumstances, at: datetime) -> datetime | None:
    """When a booking that begins as `status` ends unless it is settled; None where there is nothing to settle."""
    match status:
        case Status.HELD:
            # Also for what begins within minutes, but not for what would be over.
            return min(at + timedelta(minutes=under.resource.hold_minutes), use.end)
        case Status.PROVISIONAL:
            return min(_on_business_day(at + timedelta(days=under.resource.provisional_days), under), use.start)
        case Status.PENDING:
            return approved_by(use, at)
        case _:
            return None


def approved_by(use: Interval, at: datetime) -> datetime:
    """Staff decide before its start, and within two weeks: who asks far ahead is not left waiting for months."""
    return min(at + APPROVAL, use.start)


def reminder(status: Status, expires_at: datetime | None, at: datetime) -> datetime | None:
    """When the holder of a provisional booking is told that its deadline is near; None where it is near already."""
    if status is not Status.PROVISIONAL or expires_at is None or expires_at - REMINDED_BEFORE <= at:
        return None
    return expires_at - REMINDED_BEFORE


def cutoff(use: Interval, resource: Resource) -> datetime | None:
    """Until when cancelling gives the hours back; None: until the start."""
    minutes = resource.cancel_cutoff_minutes
    return use.start - timedelta(minutes=minutes) if minutes else None


def door(use: Interval, resource: Resource) -> tuple[datetime | None, datetime | None]:
    """From when and until when it has to be checked in; nothing where nobody has to."""
    rule = resource.check_in
    if rule is None:
        return None, None
    before, after = timedelta(minutes=rule.before_minutes), timedelta(minutes=rule.after_minutes)
    return use.start - before, min(use.start + after, use.end)


def _on_business_day(at: datetime, under: Circumstances) -> datetime:
    """`at`; where the resource does not open on that day of the site, the same wall time of the next day it does."""
    zone, day = under.site.zone, day_of(at, under.site.zone)
    if under.resource.opens_on(day, under.site, under.holidays):
        return at
    wall, later = at.astimezone(zone).time(), (day + n * DAY for n in range(1, _FURTHEST))
    opening = (each for each in later if under.resource.opens_on(each, under.site, under.holidays))
    return next((at_wall(each, wall, zone) for each in opening), at)

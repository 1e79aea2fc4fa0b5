"""Who comes and who does not: checking in and out, the no-show, the end. Too early or twice a timer changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.booking.domain.booking import Booking, Decided, Strike
from services.booking.domain.claims import freed, granule_of, of_place, of_quota
from services.booking.domain.events import (
    BookingCheckedIn,
    BookingCheckedOut,
    BookingCompleted,
    BookingNoShow,
    PresenceChosen,
    StrikeForgiven,
)
from services.booking.domain.forfeiting import forfeited
from services.booking.domain.moving import minute_after, shortened
from services.booking.domain.refusals import CheckInClosed, CheckInNotOpen, PresenceNotYours
from services.booking.domain.resource import Resource
from services.booking.domain.rules import Circumstances
from services.booking.domain.status import CHECK_IN, CHECK_OUT, FORGIVE, Status
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval
from shared.kernel.time import shown, zone_of

USUALLY_BEFORE = timedelta(minutes=15)
"""Where nobody has to check in, one may all the same, from then on."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who says so, and whether whom the booking is for chooses to be seen; None: as it was, at first not."""

    by: str
    visible: bool | None = None


def check_in(booking: Booking, arrival: Arrival, resource: Resource, *, at: datetime) -> Decided:
    """Its people are there; after a no-show they get back what is left of it, its granules claimed anew, no hours.

    Raises NotCheckableIn, CheckInNotOpen, CheckInClosed once its time is over, PresenceNotYours.
    """
    if arrival.visible and arrival.by != booking.booked_for:
        raise PresenceNotYours
    if not CHECK_IN.to_be_taken(booking.status):
        return _chosen(booking, arrival.visible)
    zone, opens = zone_of(booking.time_zone), booking.check_in_from or booking.interval.start - USUALLY_BEFORE
    end = booking.booked_until or booking.interval.end
    if at < opens:
        raise CheckInNotOpen(opens_at=shown(opens, zone))
    if end <= at:
        raise CheckInClosed(closed_at=shown(end, zone))
    there = replace(booking, strike=None, status=Status.CHECKED_IN, checked_in_at=at, visible=bool(arrival.visible))
    if booking.booked_until is None:
        return Decision(there, [BookingCheckedIn(there)])
    left = Interval(at, end)
    claims = dict.fromkeys((*booking.claims, *resource.claims(left)))
    whole = Interval(booking.interval.start, end)
    back = replace(there, interval=whole, claims=tuple(claims), booked_until=None)
    return Decision(back, [BookingCheckedIn(back, regained=left)])


def _chosen(booking: Booking, visible: bool | None) -> Decided:
    """Who is there already may still choose."""
    if visible is None or visible == booking.visible:
        return Decision(booking)
    chosen = replace(booking, visible=visible)
    return Decision(chosen, [PresenceChosen(chosen)])


def check_out(booking: Booking, under: Circumstances, *, at: datetime, by_house: bool = False) -> Decided:
    """Its people have left: whole granules to come and their hours are given back, not those it has forfeited.

    Before its start all of its time, and of its hours what cancelling it now would: who says so, `by_house` or its own
    people, counts there alone. Raises NotCheckableOut.
    """
    if not CHECK_OUT.to_be_taken(booking.status):
        return Decision(booking)
    left = shortened(booking, minute_after(at, booking), under)
    if at < booking.interval.start:
        left = replace(left, claims=forfeited(booking, at=at, by_house=by_house))
    still = tuple(claim for claim in left.forfeited if claim in left.claims)
    done = replace(left, status=Status.COMPLETED, visible=False, forfeited=still)
    return Decision(done, [BookingCheckedOut(done, freed(booking.claims, done.claims))])


def complete(booking: Booking, *, at: datetime) -> Decided:
    """Over, its people having been there; it keeps what it had."""
    if booking.status is not Status.CHECKED_IN or at < booking.interval.end:
        return Decision(booking)
    done = replace(booking, status=Status.COMPLETED, visible=False)
    return Decision(done, [BookingCompleted(done)])


def no_show(booking: Booking, *, at: datetime) -> Decided:
    """Cut to now, and kept, with the hours it drew, and noted. Where nobody was, nothing has to be cleaned up."""
    if not booking.absent(at):
        return Decision(booking)
    until = booking.interval.end
    end = min(minute_after(at, booking), until)
    place = [claim for claim in of_place(booking.claims) if granule_of(claim) < end]
    cut = replace(
        booking,
        status=Status.NO_SHOW,
        interval=Interval(booking.interval.start, end),
        claims=(*place, *of_quota(booking.claims)),
        booked_until=until if end < until else None,
        strike=Strike(booking.booked_for, at),
    )
    return Decision(cut, [BookingNoShow(cut, until, freed(booking.claims, cut.claims))])


def forgive(booking: Booking, *, by: str, reason: str, at: datetime) -> Decided:
    """Counts against nobody any more; place and hours stay as they are. Raises NotForgivable."""
    FORGIVE.to_be_taken(booking.status)
    if booking.strike is None or booking.strike.forgiven_at is not None:
        return Decision(booking)
    forgiven = replace(booking, reason=reason, strike=replace(booking.strike, forgiven_by=by, forgiven_at=at))
    return Decision(forgiven, [StrikeForgiven(forgiven)])

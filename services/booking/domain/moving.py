"""Another time, another place, other words for a booking that stands: through the same claims, in one write.

What is moved or extended is judged like a new wish, by the rules now in force, whose version it keeps from then on.
Leaving early is judged by none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.claims import HOLD, of_place, of_quota, units_of
from services.booking.domain.deadlines import approved_by, cutoff, door, reminder
from services.booking.domain.events import BookingChanged, BookingMoved, Word
from services.booking.domain.forfeiting import forfeited, is_late, kept
from services.booking.domain.quota import Share
from services.booking.domain.refusals import BookingRefused, NotChangeable, TooLate
from services.booking.domain.resource import Resource
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted, check_form, over_quota, violations
from services.booking.domain.status import CHANGE, Status
from services.booking.domain.violations import TooManyAttendees
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Move:
    """What a booking is to be instead, and whether the house asks for it or its own people do."""

    wanted: Wanted
    under: Circumstances
    by_house: bool = False


def reword(booking: Booking, wanted: Wanted, resource: Resource, *, at: datetime) -> Decided:
    """Another purpose, another number of people. Raises NotChangeable, TooLate once it is over, BookingRefused."""
    _check_changeable(booking, at)
    changed = _changed(booking, wanted)
    if not changed:
        return Decision(booking)
    if "attendees" in changed and (wanted.attendees or 0) > resource.capacity:
        raise BookingRefused([TooManyAttendees(limit=resource.capacity, requested=wanted.attendees)])
    reworded = replace(booking, purpose=wanted.purpose, attendees=wanted.attendees)
    return Decision(reworded, [BookingChanged(reworded, changed)])


def move(booking: Booking, to: Move, free: FreeUnits, *, at: datetime, chance: Random) -> Decided:
    """Stand at another time or place, all or nothing.

    Raises NotChangeable; TooLate once it is over, or has started where more than its end is to be another;
    BookingRefused with every rule that says no; StartsInThePast, BeyondHorizon.
    """
    _check_changeable(booking, at)
    wanted, under = to.wanted, to.under
    if booking.interval.start <= at:
        if wanted.interval.start != booking.interval.start or under.resource.id != booking.resource:
            raise TooLate
        if wanted.interval.end < booking.interval.end:
            return _leave_early(booking, to, at)
    else:
        check_form(wanted.interval, under.site.zone, at)
    shares = under.quota(wanted.interval)
    own = {share.prefix: units_of(booking.claims, share.prefix) for share in shares}
    available = {prefix: {*free[prefix], *units} for prefix, units in own.items()}
    if broken := [*violations(wanted, under, at), *over_quota(shares, available, under.site.zone)]:
        raise BookingRefused(broken)
    late = is_late(booking, at) and not to.by_house
    keeps, drawn = kept(booking, at=at, by_house=to.by_house), _redrawn(booking, shares, free, chance)
    slots = [claim for claim in booking.claims if claim.startswith(HOLD)]
    moved = replace(
        _standing(booking, wanted, under, at),
        claims=(*under.resource.claims(wanted.interval), *dict.fromkeys((*keeps, *drawn)), *slots),
        forfeited=forfeited(booking, at=at, by_house=to.by_house),
        cancel_by=booking.cancel_by if late else cutoff(wanted.interval, under.resource),
    )
    return _told(booking, _attended(booking, moved, to, at))


def _leave_early(booking: Booking, to: Move, at: datetime) -> Decided:
    end = max(to.wanted.interval.end, minute_after(at, booking))
    shorter = shortened(replace(booking, forfeited=kept(booking, at=at, by_house=to.by_house)), end, to.under)
    after = replace(
        shorter,
        forfeited=forfeited(booking, at=at, by_house=to.by_house),
        purpose=to.wanted.purpose,
        attendees=to.wanted.attendees,
    )
    return _told(booking, after)


def minute_after(at: datetime, booking: Booking) -> datetime:
    """`at`, or the next full minute since its start; what has begun has lasted for one."""
    start = booking.interval.start
    return max(at + (-(at - start)) % MINUTE, start + MINUTE)


def shortened(booking: Booking, end: datetime, under: Circumstances) -> Booking:
    """Over at `end`, if that is earlier: whole granules behind it, cleaning up included, and their hours given back.

    What it has forfeited stays drawn.
    """
    use = Interval(booking.interval.start, min(end, booking.interval.end))
    minutes = {claim.rsplit("|", 1)[1] for claim in under.resource.claims(use)}
    place = [claim for claim in of_place(booking.claims) if claim.rsplit("|", 1)[1] in minutes]
    # What an older table of rights drew is not known to this one, so it stays.
    known = {share.prefix for share in under.quota(booking.interval)}
    left = {share.prefix: share.units for share in under.quota(use)}
    quota = [claim for claim in of_quota(booking.claims) if not claim.startswith(tuple(known))]
    for prefix in known:
        quota += [claim for claim in booking.claims if claim.startswith(prefix)][: left.get(prefix, 0)]
    others = [claim for claim in booking.claims if claim.startswith(HOLD)]
    return replace(booking, interval=use, claims=(*place, *dict.fromkeys((*booking.forfeited, *quota)), *others))


def _standing(booking: Booking, wanted: Wanted, under: Circumstances, at: datetime) -> Booking:
    """With what is wanted, where and by which rules it stands; whether to check in is not asked anew under way."""
    resource, running = under.resource, booking.interval.start <= at
    own = booking.check_in_from, booking.check_in_until
    opens, closes = own if running else door(wanted.interval, resource)
    return replace(
        booking,
        interval=wanted.interval,
        purpose=wanted.purpose,
        attendees=wanted.attendees,
        resource=resource.id,
        resource_name=resource.name,
        policy=under.policy.version,
        resource_version=resource.version,
        check_in_from=opens,
        check_in_until=closes,
    )


def _attended(booking: Booking, moved: Booking, to: Move, at: datetime) -> Booking:
    """Who had checked in before its start has done so for its new time only if that is about to begin as well."""
    if moved.status is not Status.CHECKED_IN or booking.interval.start <= at:
        return _timed(booking, moved, to, at)
    anew = _timed(booking, replace(moved, status=Status.CONFIRMED, checked_in_at=None, visible=False), to, at)
    return anew.certain(at=at) if anew.status is Status.CONFIRMED else anew


def _timed(booking: Booking, moved: Booking, to: Move, at: datetime) -> Booking:
    """No deadline gets later by moving. What was approved elsewhere is approved again, unless the house moves it."""
    within = moved.resource == booking.resource and booking.interval.contains(moved.interval)
    moved = replace(moved, needs_approval=to.under.needs_approval)
    if moved.status is Status.PENDING and not moved.needs_approval:
        return replace(moved, status=Status.CONFIRMED, expires_at=None)
    if moved.status is Status.CONFIRMED and moved.needs_approval and booking.interval.start > at:
        if within or to.by_house:
            return moved
        return replace(moved, status=Status.PENDING, expires_at=approved_by(moved.interval, at))
    if booking.expires_at is None:
        return moved
    until = min(booking.expires_at, moved.interval.end if moved.status is Status.HELD else moved.interval.start)
    again = booking.remind_at if until == booking.expires_at else reminder(moved.status, until, at)
    return replace(moved, expires_at=until, remind_at=again)


def _redrawn(booking: Booking, shares: Sequence[Share], free: FreeUnits, chance: Random) -> list[str]:
    """Units it holds stay where the period is the same; what is missing is drawn from those that are free."""
    drawn: list[str] = []
    for share in shares:
        own = [claim for claim in booking.claims if claim.startswith(share.prefix)]
        drawn += own[: share.units]
        if (missing := share.units - len(own)) > 0:
            others = set(free[share.prefix]) - units_of(own, share.prefix)
            drawn += replace(share, units=missing).claims(others, chance)
    return drawn


def _check_changeable(booking: Booking, at: datetime) -> None:
    CHANGE.to_be_taken(booking.status)
    if booking.lapsed(at):
        raise NotChangeable(status=Status.EXPIRED.value)
    if booking.absent(at):
        raise NotChangeable(status=Status.NO_SHOW.value)
    if booking.interval.end <= at:
        raise TooLate


def _told(before: Booking, after: Booking) -> Decided:
    return Decision(after, [BookingMoved(after, before)]) if after != before else Decision(before)


def _changed(booking: Booking, wanted: Wanted) -> tuple[Word, ...]:
    pairs: Mapping[Word, bool] = {
        "purpose": wanted.purpose != booking.purpose,
        "attendees": wanted.attendees != booking.attendees,
    }
    return tuple(name for name, differs in pairs.items() if differs)

"""What people decide of a booking: its holder confirms, its holder or staff cancel, staff approve or reject."""

from __future__ import annotations

from datetime import datetime

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.claims import without_hold
from services.booking.domain.deadlines import approved_by
from services.booking.domain.events import BookingCancelled, BookingConfirmed, BookingSubmitted
from services.booking.domain.forfeiting import forfeited
from services.booking.domain.refusals import NotApprovable, NotCancellable, NotConfirmable, NotRejectable, TooLate
from services.booking.domain.status import APPROVE, CANCEL, CONFIRM, REJECT, Status
from shared.kernel.decision import Decision


def confirm(booking: Booking, *, at: datetime) -> Decided:
    """Turn a hold or a provisional booking into a confirmed one, or ask for approval where it needs that.

    Raises NotConfirmable, also where its time ran out; TooLate where nobody could approve it any more.
    """
    if not CONFIRM.to_be_taken(booking.status):
        return Decision(booking)
    if booking.lapsed(at):
        raise NotConfirmable(status=Status.EXPIRED.value)
    claims = without_hold(booking.claims)
    if not booking.needs_approval:
        confirmed = booking.become(Status.CONFIRMED, claims=claims).certain(at=at)
        return Decision(confirmed, [BookingConfirmed(confirmed, before=booking.status)])
    if booking.interval.start <= at:
        raise TooLate
    asked = booking.become(Status.PENDING, claims=claims, expires_at=approved_by(booking.interval, at))
    return Decision(asked, [BookingSubmitted(asked, before=booking.status)])


def approve(booking: Booking, *, reason: str | None, at: datetime) -> Decided:
    """Raises NotApprovable, also where its time ran out."""
    if not APPROVE.to_be_taken(booking.status):
        return Decision(booking)
    if booking.lapsed(at):
        raise NotApprovable(status=Status.EXPIRED.value)
    approved = booking.become(Status.CONFIRMED, claims=booking.claims, reason=reason)
    return Decision(approved, [BookingConfirmed(approved, before=booking.status)])


def reject(booking: Booking, *, reason: str | None, at: datetime) -> Decided:
    """Cancelled by those who had to approve it; all but what it has forfeited is given back.

    Raises NotRejectable, also where its time ran out.
    """
    if not REJECT.to_be_taken(booking.status):
        return Decision(booking)
    if booking.lapsed(at):
        raise NotRejectable(status=Status.EXPIRED.value)
    kept = booking.forfeited
    rejected = booking.become(Status.CANCELLED, claims=kept, reason=reason)
    event = BookingCancelled(rejected, before=booking.status, rejected=True, debit_kept=bool(kept))
    return Decision(rejected, [event])


def cancel(booking: Booking, *, at: datetime, by_house: bool = False, reason: str | None = None) -> Decided:
    """Give the time back, and the hours too, unless a confirmed one is cancelled after its cut-off by its own people.

    What it has forfeited they do not get back either way. Raises NotCancellable, also where its time ran out, unless
    the house cancels it; TooLate from its start on, for all but a hold.
    """
    if not CANCEL.to_be_taken(booking.status):
        return Decision(booking)
    if booking.lapsed(at) and not by_house:
        raise NotCancellable(status=Status.EXPIRED.value)
    if booking.interval.start <= at and booking.status is not Status.HELD:
        raise TooLate
    kept = forfeited(booking, at=at, by_house=by_house)
    cancelled = booking.become(Status.CANCELLED, claims=kept, reason=reason)
    return Decision(cancelled, [BookingCancelled(cancelled, before=booking.status, debit_kept=bool(kept))])

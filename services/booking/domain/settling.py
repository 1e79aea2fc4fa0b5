"""What people decide of a booking: its holder confirms, its holder or staff cancel, staff approve or reject."""

from __future__ import annotations

from datetime import datetime

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.events import BookingCancelled, BookingConfirmed
from services.booking.domain.holding import without_hold
from services.booking.domain.refusals import NotConfirmable, TooLate
from services.booking.domain.status import CANCEL, CONFIRM, Status
from shared.kernel.decision import Decision


def confirm(booking: Booking, *, at: datetime) -> Decided:
    """Turn a hold or a provisional booking into a confirmed one. Raises NotConfirmable, also where its time ran out."""
    if not CONFIRM.to_be_taken(booking.status):
        return Decision(booking)
    if booking.lapsed(at):
        raise NotConfirmable(status=Status.EXPIRED.value)
    confirmed = booking.become(Status.CONFIRMED, claims=without_hold(booking.claims))
    return Decision(confirmed, [BookingConfirmed(confirmed, before=booking.status)])


def cancel(booking: Booking, *, at: datetime) -> Decided:
    """Give back time and quota. Raises NotCancellable; TooLate from its start on, for all but a hold."""
    if not CANCEL.to_be_taken(booking.status):
        return Decision(booking)
    if booking.interval.start <= at and booking.status is not Status.HELD:
        raise TooLate
    cancelled = booking.become(Status.CANCELLED, claims=())
    return Decision(cancelled, [BookingCancelled(cancelled, before=booking.status)])

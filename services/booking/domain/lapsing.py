"""What the clock does to a booking that nobody settles. Looking too early or twice changes nothing."""

from __future__ import annotations

from datetime import datetime

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.events import BookingExpired
from services.booking.domain.status import Status
from shared.kernel.decision import Decision


def expire(booking: Booking, *, at: datetime) -> Decided:
    """Over, and everything given back, if it is open and its deadline has passed."""
    if not booking.lapsed(at):
        return Decision(booking)
    expired = booking.become(Status.EXPIRED, claims=())
    return Decision(expired, [BookingExpired(expired, before=booking.status)])

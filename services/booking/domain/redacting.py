"""What becomes of what people wrote into a booking, once nobody needs it or its writer is to be forgotten."""

from __future__ import annotations

from dataclasses import replace

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.events import BookingRedacted
from shared.kernel.decision import Decision


def redact(booking: Booking) -> Decided:
    """What was written goes; when, where and for whom it was stays."""
    if booking.purpose is None and booking.reason is None:
        return Decision(booking)
    redacted = replace(booking, purpose=None, reason=None)
    return Decision(redacted, [BookingRedacted(redacted)])

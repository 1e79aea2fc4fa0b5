"""What becomes of what people wrote into a booking, once nobody needs it or its writer is to be forgotten."""

from __future__ import annotations

from dataclasses import replace

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.events import BookingRedacted
from services.booking.domain.series import Series
from services.booking.domain.series_events import SeriesRedacted
from services.booking.domain.series_placing import SeriesDecided
from shared.kernel.decision import Decision


def redact(booking: Booking, *, told: bool = False) -> Decided:
    """What was written goes; when, where and for whom it was stays.

    `told`: others have heard words of it that may not stand in it any more, and have to hear that they are gone.
    """
    if booking.purpose is None and booking.reason is None and not told:
        return Decision(booking)
    redacted = replace(booking, purpose=None, reason=None)
    return Decision(redacted, [BookingRedacted(redacted)])


def redact_series(series: Series, *, told: bool = False) -> SeriesDecided:
    """The same of each of its times."""
    decided = [redact(each) for each in series.bookings]
    if not told and not any(each.events for each in decided):
        return Decision(series)
    pairs = zip(series.occurrences, decided, strict=True)
    redacted = replace(series, occurrences=tuple(replace(each, booking=done.state) for each, done in pairs))
    return Decision(redacted, [SeriesRedacted(redacted)])

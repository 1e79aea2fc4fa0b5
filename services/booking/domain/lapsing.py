"""What the clock, and others who wait, do to a booking that nobody settles. Too early or twice changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.deadlines import CHALLENGED
from services.booking.domain.events import BookingChallenged, BookingExpired, BookingReminded
from services.booking.domain.status import Status
from shared.kernel.decision import Decision


def expire(booking: Booking, *, at: datetime) -> Decided:
    """Over, and all but what it has forfeited given back, if it is open and its deadline has passed."""
    if not booking.lapsed(at):
        return Decision(booking)
    expired = booking.become(Status.EXPIRED, claims=booking.forfeited)
    return Decision(expired, [BookingExpired(expired, before=booking.status)])


def remind(booking: Booking, *, at: datetime) -> Decided:
    """Its holder is to hear that the deadline is near, once; where that has passed meanwhile, it is over."""
    if booking.lapsed(at):
        return expire(booking, at=at)
    if booking.remind_at is None or booking.remind_at > at:
        return Decision(booking)
    reminded = replace(booking, remind_at=None)
    return Decision(reminded, [BookingReminded(reminded)])


def challenge(booking: Booking, *, by: str, at: datetime) -> Decided:
    """Another member wants that time: a day is left to confirm it, counted from the first who asks.

    Less than a day stays what it is, and so does what is one's own.
    """
    until = at + CHALLENGED
    if booking.status is not Status.PROVISIONAL or booking.challenged or by in booking.parties:
        return Decision(booking)
    if booking.expires_at is None or booking.expires_at <= until:
        return Decision(booking)
    challenged = replace(booking, expires_at=until, remind_at=None, challenged=True)
    return Decision(challenged, [BookingChallenged(challenged)])

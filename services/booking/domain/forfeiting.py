"""Hours that stay drawn although their time is given up: a late change costs them; only the house gives them back."""

from __future__ import annotations

from datetime import datetime

from services.booking.domain.booking import Booking
from services.booking.domain.claims import of_quota
from services.booking.domain.status import OPEN, Status


def is_late(booking: Booking, at: datetime) -> bool:
    """Between its cut-off and its start."""
    return booking.cancel_by is not None and booking.cancel_by <= at < booking.interval.start


def forfeited(booking: Booking, *, at: datetime, by_house: bool) -> tuple[str, ...]:
    """The units that cancelling it now leaves drawn for good, or moving it, or leaving before it began; those of an
    earlier late move among them.

    Else who moves far away first, or comes and goes, would cancel for nothing. What is not settled has cost nothing.
    """
    if by_house:
        return ()
    return of_quota(booking.claims) if is_late(booking, at) and booking.status not in OPEN else tuple(booking.forfeited)


def kept(booking: Booking, *, at: datetime, by_house: bool) -> tuple[str, ...]:
    """What a change leaves drawn for now: beside those, all of what is under way while nobody has come to it yet.

    A no-show costs its hours.
    """
    awaited = booking.status is Status.CONFIRMED and booking.check_in_until is not None
    if awaited and booking.interval.start <= at and not by_house:
        return of_quota(booking.claims)
    return forfeited(booking, at=at, by_house=by_house)

"""What happened, in the domain's words; `publish.py` says it in the published language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.booking.domain.booking import Booking
    from services.booking.domain.status import Status


@dataclass(frozen=True, slots=True)
class SiteDefined:
    id: str


@dataclass(frozen=True, slots=True)
class ResourceDefined:
    site: str
    id: str


@dataclass(frozen=True, slots=True)
class BookingPlaced:
    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingConfirmed:
    """`before` is what it was until now."""

    booking: Booking
    before: Status


@dataclass(frozen=True, slots=True)
class BookingCancelled:
    """`before` is what it was until now."""

    booking: Booking
    before: Status


@dataclass(frozen=True, slots=True)
class BookingExpired:
    """`before` is what it was until now."""

    booking: Booking
    before: Status


BookingEvent = BookingPlaced | BookingConfirmed | BookingCancelled | BookingExpired

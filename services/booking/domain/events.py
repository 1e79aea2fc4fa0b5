"""What happened, in the domain's words; `publish.py` says it in the published language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.booking.domain.booking import Booking


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
class BookingCancelled:
    booking: Booking


BookingEvent = BookingPlaced | BookingCancelled

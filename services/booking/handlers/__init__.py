"""One method for each command: load, let the domain decide, store."""

from services.booking.handlers.bookings import BookingHandlers
from services.booking.handlers.places import PlaceHandlers

__all__ = ["BookingHandlers", "PlaceHandlers"]

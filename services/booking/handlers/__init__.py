"""One method for each command and each kind of timer: load, let the domain decide, store."""

from services.booking.handlers.attendance import AttendanceHandlers
from services.booking.handlers.bookings import BookingHandlers
from services.booking.handlers.exceptions import ExceptionHandlers
from services.booking.handlers.moving import MoveHandlers
from services.booking.handlers.places import PlaceHandlers
from services.booking.handlers.retiming import Retiming
from services.booking.handlers.series import SeriesHandlers
from services.booking.handlers.series_moving import SeriesMoveHandlers
from services.booking.handlers.timers import SeriesTimers, Timers
from services.booking.handlers.waitlist import WaitlistHandlers

__all__ = [
    "AttendanceHandlers",
    "BookingHandlers",
    "ExceptionHandlers",
    "MoveHandlers",
    "PlaceHandlers",
    "Retiming",
    "SeriesHandlers",
    "SeriesMoveHandlers",
    "SeriesTimers",
    "Timers",
    "WaitlistHandlers",
]

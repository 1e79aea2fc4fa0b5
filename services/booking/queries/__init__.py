"""Reads: document → contract view, past the domain's transitions.

What somebody may not see is answered as if it were not there.
"""

from services.booking.queries.bookings import BookingQueries
from services.booking.queries.entitlements import EntitlementQueries
from services.booking.queries.places import PlaceQueries
from services.booking.queries.presence import PresenceQueries
from services.booking.queries.series import SeriesQueries
from services.booking.queries.strikes import StrikeQueries
from services.booking.queries.views import booking_view, resource_view, series_view, site_view
from services.booking.queries.waits import WaitQueries
from services.booking.queries.watching import WatchQueries

__all__ = [
    "BookingQueries",
    "EntitlementQueries",
    "PlaceQueries",
    "PresenceQueries",
    "SeriesQueries",
    "StrikeQueries",
    "WaitQueries",
    "WatchQueries",
    "booking_view",
    "resource_view",
    "series_view",
    "site_view",
]

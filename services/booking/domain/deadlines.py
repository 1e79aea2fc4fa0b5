"""Until when a booking may stay unsettled."""

from datetime import datetime, timedelta

from services.booking.domain.resource import Resource
from shared.kernel.interval import Interval


def held_until(resource: Resource, use: Interval, at: datetime) -> datetime:
    """Minutes from now; also for what begins within them, but not for what would be over."""
    return min(at + timedelta(minutes=resource.hold_minutes), use.end)

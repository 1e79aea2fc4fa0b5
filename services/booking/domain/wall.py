"""What people read off a wall: dates and clock times of a site's zone."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.kernel.interval import GRANULE, Interval
from shared.kernel.time import shown, start_of_day


def local(interval: Interval, zone: ZoneInfo) -> dict[str, str]:
    """`{time_zone, date, start, end}`: the date of the start, `HH:MM` of both ends."""
    start, end = interval.start.astimezone(zone), interval.end.astimezone(zone)
    return {
        "time_zone": zone.key,
        "date": start.date().isoformat(),
        "start": start.strftime("%H:%M"),
        "end": end.strftime("%H:%M"),
    }


def spoken(interval: Interval, zone: ZoneInfo) -> dict[str, Any]:
    """`{starts_at, ends_at}` with the zone's offset."""
    return {"starts_at": shown(interval.start, zone), "ends_at": shown(interval.end, zone)}


def spoken_with_local(interval: Interval, zone: ZoneInfo) -> Mapping[str, Any]:
    """`{starts_at, ends_at, local}`."""
    return {**spoken(interval, zone), "local": local(interval, zone)}


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The date the calendars of `zone` show at `at`."""
    return at.astimezone(zone).date()


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one (31 August and six months: 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def whole_granules(length: timedelta) -> int:
    """How many granules of the house `length` takes, a started one counted."""
    return -(-length // GRANULE)


def bound(at: datetime | date, zone: ZoneInfo) -> datetime:
    """An instant as it is; a day as its first instant in `zone`."""
    return at if isinstance(at, datetime) else start_of_day(at, zone)

"""Instants (UTC, ms), IANA zones, and wall clocks that jump.

Compare and count in UTC; only rules that people wrote (opening hours, a quota's week) run on a zone's wall clock.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from shared.kernel.interval import Interval
from shared.kernel.refusal import Invalid
from shared.kernel.text import Text


class Clock(Protocol):
    """Where `now` comes from; injected, never called by a domain."""

    def now(self) -> datetime:
        """The present instant: UTC, whole milliseconds."""
        ...


class UnknownTimezone(Invalid):
    code = "unknown-timezone"
    message = Text(ja="不明なタイムゾーンです。", en="That is not a time zone of the IANA list.")


class TimezoneRequired(Invalid):
    code = "timezone-required"
    message = Text(ja="時刻にはUTCからの差が必要です。", en="A time needs its offset from UTC.")


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")) | {"UTC"}


@cache
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone `Area/City` or `UTC`. Raises UnknownTimezone for anything else, abbreviations among them."""
    if name not in _zone_names():
        raise UnknownTimezone(zone=name[:64])
    return ZoneInfo(name)


def instant(value: datetime) -> datetime:
    """`value` in UTC, cut to whole ms. Raises TimezoneRequired if it is naive."""
    if value.tzinfo is None:
        raise TimezoneRequired
    at = value.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@lru_cache(maxsize=4_096)
def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day` in `zone`; where midnight is skipped, the first one that exists."""
    midnight = datetime.combine(day, time(), zone)
    at = midnight.astimezone(UTC)
    return at if at.astimezone(zone).date() == day else at + timedelta(hours=1)


def at_wall(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """When a rule written in wall time takes effect: a doubled time at its first, a skipped one after the gap."""
    return datetime.combine(day, wall, zone).astimezone(UTC)


def week_of(at: datetime, zone: ZoneInfo) -> tuple[str, Interval]:
    """The ISO week (`2026-W50`) of `zone` that holds `at`, and its instants, Monday 00:00 to Monday 00:00."""
    day = at.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    year, week, _ = day.isocalendar()
    week_span = Interval(start_of_day(monday, zone), start_of_day(monday + timedelta(days=7), zone))
    return f"{year}-W{week:02d}", week_span


def shown(at: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the offset `zone` has at that instant, never `Z`; ms only where there are any."""
    local = at.astimezone(zone)
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")

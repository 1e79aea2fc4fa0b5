"""A place with a time zone, and the calendars that may close it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from services.booking.domain.events import SiteDefined
from shared.kernel.decision import Decision
from shared.kernel.text import Text
from shared.kernel.time import zone_of


@dataclass(frozen=True, slots=True)
class Holiday:
    day: date
    calendar: str
    name: Text


@dataclass(frozen=True, slots=True)
class Holidays:
    """Public holidays by calendar and day, as data of one version; a day it does not know is no holiday."""

    version: str
    calendars: Mapping[str, Mapping[date, Text]]

    def between(self, calendar: str, first: date, end: date) -> list[Holiday]:
        """Those from `first` up to, not including, `end`, in order."""
        days = self.calendars.get(calendar, {})
        return [Holiday(day, calendar, name) for day, name in sorted(days.items()) if first <= day < end]


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar the site shows, and closes on if `closes`."""

    name: str
    closes: bool


@dataclass(frozen=True, slots=True)
class Site:
    """`producer`: it also sends seminars of its own."""

    id: str
    name: Text
    time_zone: str
    producer: bool = False
    calendars: Sequence[Calendar] = ()
    version: int = 0

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.time_zone)

    def holidays(self, holidays: Holidays, first: date, end: date) -> list[tuple[Holiday, bool]]:
        """Each holiday of its calendars in `[first, end)`, in order, and whether it closes the site."""
        found = [(h, c.closes) for c in self.calendars for h in holidays.between(c.name, first, end)]
        return sorted(found, key=lambda each: (each[0].day, each[0].calendar))

    def closed_on(self, day: date, holidays: Holidays) -> bool:
        """Whether a holiday closes it that day."""
        return any(c.closes and day in holidays.calendars.get(c.name, {}) for c in self.calendars)

    def over(self, current: Site | None) -> Decision[Site, SiteDefined]:
        """Puts this definition in place of the current one; the same again is no change."""
        if current is None:
            return Decision(replace(self, version=1), [SiteDefined(self.id)])
        if replace(self, version=current.version) == current:
            return Decision(current)
        return Decision(replace(self, version=current.version + 1), [SiteDefined(self.id)])

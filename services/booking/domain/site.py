"""A place with a time zone, and the calendars that may close it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.booking.domain.events import SiteDefined
from services.booking.domain.exception_refusals import TooManyExceptions
from services.booking.domain.opening import Opening
from services.booking.domain.wall import day_of
from shared.kernel.decision import Decision
from shared.kernel.text import Text
from shared.kernel.time import zone_of

KEPT = timedelta(days=31)
MOST = 500


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
class ExceptionalDay:
    """Open at these `hours` and no others, whatever else holds; none: closed. `resource` None: the whole site."""

    day: date
    hours: Sequence[Opening]
    reason: Text
    resource: str | None = None

    @property
    def key(self) -> tuple[date, str | None]:
        return self.day, self.resource


@dataclass(frozen=True, slots=True)
class Site:
    """`producer`: it also sends seminars of its own. `exceptions` by day and resource."""

    id: str
    name: Text
    time_zone: str
    producer: bool = False
    calendars: Sequence[Calendar] = ()
    version: int = 0
    exceptions: Mapping[tuple[date, str | None], ExceptionalDay] = field(default_factory=dict)

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

    def exception_on(self, day: date, resource: str, parts: Sequence[str]) -> ExceptionalDay | None:
        """That by which it or a part of it is closed; else its own; else the whole site's."""
        if not self.exceptions:
            return None
        found = (self.exceptions.get((day, each)) for each in (resource, *parts))
        closed = next((each for each in found if each is not None and not each.hours), None)
        return closed or self.exceptions.get((day, resource)) or self.exceptions.get((day, None))

    def excepting(
        self, key: tuple[date, str | None], put: ExceptionalDay | None, at: datetime
    ) -> Decision[Site, SiteDefined]:
        """With this one in place of what was said of that day, or nothing; the same again is no change.

        What is over for a month leaves. Raises TooManyExceptions.
        """
        kept = {each: day for each, day in self.exceptions.items() if each != key}
        if put is not None:
            kept[key] = put
        if kept == self.exceptions:
            return Decision(self)
        first = day_of(at, self.zone) - KEPT
        kept = {each: day for each, day in kept.items() if day.day >= first}
        if put is not None and len(kept) > MOST:
            raise TooManyExceptions(limit=MOST)
        return Decision(replace(self, exceptions=kept, version=self.version + 1), [SiteDefined(self.id)])

    def over(self, current: Site | None) -> Decision[Site, SiteDefined]:
        """Puts this definition in place of the current one, whose exceptions stay; the same again is no change."""
        if current is None:
            return Decision(replace(self, version=1), [SiteDefined(self.id)])
        wanted = replace(self, version=current.version, exceptions=current.exceptions)
        if wanted == current:
            return Decision(current)
        return Decision(replace(wanted, version=current.version + 1), [SiteDefined(self.id)])

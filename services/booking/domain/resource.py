"""What can be booked at a site, and the claims a use of it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from services.booking.domain.events import ResourceDefined
from services.booking.domain.opening import ALWAYS, Opening, hours_on, openings
from services.booking.domain.refusals import IdReserved, PartCombined, PartsFixed, PartUnknown
from services.booking.domain.site import ExceptionalDay, Holidays, Site
from shared.kernel.decision import Decision
from shared.kernel.interval import GRANULE, Interval
from shared.kernel.text import Text

Kind = Literal["room", "desk", "expert"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RESERVED = frozenset({"quota", "hold", "seat"})
"""What claims of other kinds begin with."""
RULES = (
    "shortest_minutes",
    "longest_minutes",
    "hold_minutes",
    "provisional_days",
    "cancel_cutoff_minutes",
    "needs_approval",
    "boundaries",
    "offer_minutes",
    "bands",
)
"""What those who define a resource may leave at its default."""


@dataclass(frozen=True, slots=True)
class Door:
    """How long before and after its start a use has to be checked in."""

    before_minutes: int = 15
    after_minutes: int = 10


@dataclass(frozen=True, slots=True)
class Resource:
    """A room, a desk, an expert's hour. Lengths are minutes; `opening_hours` None: always open.

    `buffer_minutes` after each use belong to cleaning up; `parts` name the rooms a combined room is made of. What is
    cancelled later than `cancel_cutoff_minutes` before its start keeps the hours it drew. A use begins and ends on the
    granule, or, where there are `boundaries` (`HH:MM`), at these wall times alone: a desk by half-day and day.
    `check_in` None: nobody has to check in.
    Freed time is offered to who waits for `offer_minutes` of their waking hours; kinds of organizations in the first of
    `bands` are asked first, those in none last.
    """

    id: str
    site: str
    kind: Kind
    name: Text
    capacity: int = 1
    granule_minutes: int = 15
    buffer_minutes: int = 0
    opening_hours: Sequence[Opening] | None = None
    parts: Sequence[str] = ()
    equipment: Sequence[str] = ()
    shortest_minutes: int = 15
    longest_minutes: int = 480
    hold_minutes: int = 5
    provisional_days: int = 7
    cancel_cutoff_minutes: int = 0
    needs_approval: bool = False
    boundaries: Sequence[str] = ()
    check_in: Door | None = None
    offer_minutes: int = 120
    bands: Sequence[Sequence[str]] = ()
    version: int = 0

    @property
    def buffer(self) -> timedelta:
        return timedelta(minutes=self.buffer_minutes)

    @property
    def occupies(self) -> Sequence[str]:
        """The ids under which its granules are claimed: its parts', or its own."""
        return self.parts or (self.id,)

    def band_of(self, organization_kind: str) -> int:
        """The lower, the sooner asked."""
        return next((n for n, kinds in enumerate(self.bands) if organization_kind in kinds), len(self.bands))

    def claims(self, interval: Interval) -> tuple[str, ...]:
        """`room-a|2026-12-15T19:00` for each UTC granule that a use over `interval` and its cleaning up touch."""
        occupied = interval.lengthened(self.buffer)
        return tuple(claim for each in self.occupies for claim in granules_of(each, occupied))

    def openings(self, site: Site, holidays: Holidays, within: Interval) -> list[Interval]:
        """When it is open around `within`, over the site's wall clock, exceptions and closing holidays."""
        return openings(lambda day: self._hours(day, site, holidays), site.zone, within)

    def exception_on(self, day: date, site: Site) -> ExceptionalDay | None:
        """What was said of that day by staff, as far as it goes for this resource."""
        return site.exception_on(day, self.id, self.parts)

    def opens_on(self, day: date, site: Site, holidays: Holidays) -> bool:
        """Whether it opens at all on that day of the site."""
        return any(hours_on(day, each, site.zone) for each in self._hours(day, site, holidays))

    def _hours(self, day: date, site: Site, holidays: Holidays) -> Sequence[Opening]:
        """Those that can open it on that day."""
        if (exception := self.exception_on(day, site)) is not None:
            return exception.hours
        if site.closed_on(day, holidays):
            return ()
        return ALWAYS if self.opening_hours is None else self.opening_hours

    def fits(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether a use may begin or end at that instant."""
        wall = at.astimezone(zone)
        if wall.second or wall.microsecond:
            return False
        if self.boundaries:
            return f"{wall:%H:%M}" in self.boundaries or (wall.hour == wall.minute == 0 and "24:00" in self.boundaries)
        return (wall.hour * 60 + wall.minute) % self.granule_minutes == 0

    def boundaries_in(self, within: Interval, zone: ZoneInfo) -> list[datetime]:
        """Both ends included, in order."""
        return [at for at in (*within.granules(), within.end) if at >= within.start and self.fits(at, zone)]

    def over(self, current: Resource | None, *, known: Mapping[str, Resource]) -> Decision[Resource, ResourceDefined]:
        """Puts this definition in place of the current one; the same again is no change. `known`: the site's resources.

        Raises IdReserved, PartUnknown, PartCombined, and PartsFixed where it was made of others: claims made for those
        would no longer guard it, nor those of a replica that has not heard of the change yet.
        """
        if self.id in RESERVED:
            raise IdReserved(id=self.id)
        if unknown := sorted(set(self.parts) - (known.keys() - {self.id})):
            raise PartUnknown(parts=unknown)
        used = [each.id for each in known.values() if self.id in each.parts and each.id != self.id]
        if combined := sorted(each for each in self.parts if known[each].parts) or (used if self.parts else []):
            raise PartCombined(parts=combined)
        made = [ResourceDefined(self.site, self.id)]
        if current is None:
            return Decision(replace(self, version=1), made)
        if set(self.parts) != set(current.parts):
            raise PartsFixed
        if replace(self, version=current.version) == current:
            return Decision(current)
        return Decision(replace(self, version=current.version + 1), made)


def granules_of(resource: str, within: Interval) -> tuple[str, ...]:
    """The claims on `resource` of all that a range touches."""
    return tuple(f"{resource}|{at.isoformat()[:16]}" for at in within.granules())


def bounds(resource: str, within: Interval) -> tuple[str, str]:
    """The first claim on `resource` that may lie in `within`, and the first one after it, as strings compare."""
    first, end = next(within.granules()), within.end + -(within.end - EPOCH) % GRANULE
    return f"{resource}|{first.isoformat()[:16]}", f"{resource}|{end.isoformat()[:16]}"


def with_gap(within: Interval, resources: Iterable[Resource]) -> Interval:
    """What has to be read to know what is free in a range: its end is free only if cleaning up fits behind it."""
    return within.lengthened(max((each.buffer for each in resources), default=timedelta()))


def ranges(claims: Iterable[str], ids: Iterable[str]) -> list[Interval]:
    """What of the resources `ids` is occupied by `claims` (others among them are passed over), in order, joined."""
    prefixes = tuple(f"{each}|" for each in ids)
    return joined(claim.rsplit("|", 1)[1] for claim in claims if claim.startswith(prefixes))


def joined(minutes: Iterable[str]) -> list[Interval]:
    """The granules that begin at these minutes (as claims write them, any order, some twice), in order, joined."""
    found: list[Interval] = []
    begin = end = None
    for at in map(_instant, sorted(set(minutes))):
        if begin and at == end:
            end = at + GRANULE
            continue
        if begin and end:
            found.append(Interval(begin, end))
        begin, end = at, at + GRANULE
    if begin and end:
        found.append(Interval(begin, end))
    return found


@lru_cache(maxsize=16_384)
def _instant(minute: str) -> datetime:
    return datetime.fromisoformat(minute).replace(tzinfo=UTC)

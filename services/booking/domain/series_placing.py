"""How a series begins: every time of its rule judged as a booking of its own, all placed in one write or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Any

from services.booking.domain.availability import Occupied
from services.booking.domain.booking import Booking
from services.booking.domain.claims import of_quota
from services.booking.domain.events import BookingEvent
from services.booking.domain.occurring import Planned
from services.booking.domain.quota import Share
from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted, violations
from services.booking.domain.series import Occurrence, OnConflict, Pattern, Series, Skipped
from services.booking.domain.series_events import SeriesEvent, SeriesPlaced
from services.booking.domain.series_refusals import OccurrencesOverlap, SeriesTooLong
from services.booking.domain.violations import AlsoTaken, Violation
from services.booking.domain.wall import spoken
from shared.kernel.decision import Decision
from shared.kernel.interval import GRANULE, Interval
from shared.kernel.refusal import Refusal
from shared.kernel.time import zone_of

SeriesDecided = Decision[Series, SeriesEvent | BookingEvent]
"""What is one time's alone is told as of a booking."""
MOST_CLAIMS = 2_000
"""Of one document: beyond that its one write costs too much."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What stands in the way as far as is known: who holds which claim; claims lost to somebody not seen yet."""

    held: Mapping[str, Occupied] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()

    @classmethod
    def by(cls, occupied: Iterable[Occupied], lost: Iterable[str]) -> Taken:
        return cls({claim: each for each in occupied for claim in each.claims}, frozenset(lost))

    def in_the_way(self, resource: str, interval: Interval, claims: Sequence[str]) -> list[Occupied]:
        found = {(each.resource, each.interval): each for claim in claims if (each := self.held.get(claim))}
        unseen = [Occupied(resource, interval, ())] if not self.lost.isdisjoint(claims) else []
        return list(found.values()) or unseen


@dataclass(frozen=True, slots=True)
class SeriesWish:
    """`wanted` is the first of the `times` of the rule."""

    wanted: Wanted
    times: Sequence[Planned]
    pattern: Pattern

    @property
    def found(self) -> Iterator[tuple[int, Interval]]:
        """Those that the clocks show."""
        return ((each.index, each.interval) for each in self.times if each.interval)

    def shares(self, under: Circumstances) -> list[Share]:
        """What all of it draws, from each pool once."""
        return merged(share for _, interval in self.found for share in under.quota(interval))

    def claims(self, under: Circumstances) -> list[str]:
        """Every granule of it."""
        return [claim for _, interval in self.found for claim in under.resource.claims(interval)]

    def breaks_nothing(self, under: Circumstances, at: datetime) -> bool:
        """Whether all of it would pass there but for pools and occupancy."""
        if any(each.interval is None for each in self.times) or len(self.claims(under)) > MOST_CLAIMS:
            return False
        return not any(violations(replace(self.wanted, interval=each), under, at) for _, each in self.found)

    def check_form(self, under: Circumstances) -> None:
        """What no series may be, whoever asks. Raises OccurrencesOverlap, SeriesTooLong."""
        occupied = [(index, interval.lengthened(under.resource.buffer)) for index, interval in self.found]
        for (_, before), (index, after) in pairwise(occupied):
            if next(after.granules()) < before.end:
                raise OccurrencesOverlap(index=index)
        granules = sum(-(-each.length // GRANULE) for _, each in occupied) * len(under.resource.occupies)
        if granules > MOST_CLAIMS:
            raise SeriesTooLong(limit=MOST_CLAIMS, claims=granules)


def merged(shares: Iterable[Share]) -> list[Share]:
    """Of each pool one."""
    pools: dict[str, Share] = {}
    for share in shares:
        known = pools.get(share.prefix)
        pools[share.prefix] = replace(share, units=share.units + known.units) if known else share
    return list(pools.values())


class SeriesRefused(BookingRefused):
    """A rule says no to some of its times: each violation has the `index` of the one it is about."""

    def __init__(self, broken: Sequence[tuple[int, Violation]], alternatives: Sequence[Mapping[str, Any]] = ()) -> None:
        told = [{**no.spoken(), "index": index} for index, no in broken]
        Refusal.__init__(self, violations=told, alternatives=list(alternatives))
        self.broken, self.violations = tuple(broken), tuple(no for _, no in broken)


class SeriesTaken(SlotTaken):
    """Some of its times are taken, and nothing else is wrong: each conflict has the `index` of the one it is about."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a wish is judged by: the rules, the units that are free, what is known to stand in the way."""

    under: Circumstances
    free: FreeUnits
    taken: Taken = Taken()


def place(series_id: str, wish: SeriesWish, now: Situation, *, at: datetime, chance: Random) -> SeriesDecided:
    """Raises SeriesRefused with every rule that says no, SeriesTaken, SeriesTooLong; where it may skip, only if nothing
    is left. Whether it is free in truth, the write will tell.
    """
    left = {prefix: set(units) for prefix, units in now.free.items()}

    def book(index: int, wanted: Wanted) -> Booking:
        return Booking.place(f"{series_id}-{index}", wanted, now.under, left, at=at, chance=chance).state

    judged = list[Judged]()
    for each in wish.times:
        judged.append(_judged(each, wish.wanted, now, book))
        _draw(judged[-1].booking, left)
    placed = [Occurrence(each.planned.index, each.booking) for each in judged if each.booking]
    refused = [each for each in judged if not each.booking]
    if refused and (wish.pattern.on_conflict is OnConflict.REFUSE or not placed):
        raise refusal_of(refused, now.under.site.time_zone)
    skipped = tuple(Skipped(each.planned, each.why.code, each.why.text) for each in refused)
    series = Series(series_id, wish.pattern, tuple(placed), skipped)
    if (claims := len(series.claims)) > MOST_CLAIMS:
        raise SeriesTooLong(limit=MOST_CLAIMS, claims=claims)
    return Decision(series, [SeriesPlaced(series)])


@dataclass(frozen=True, slots=True)
class Judged:
    """One time of the rule: its booking, or what says no to it."""

    planned: Planned
    booking: Booking | None = None
    broken: Sequence[Violation] = ()
    conflicts: Sequence[Occupied] = ()

    @property
    def why(self) -> Violation:
        """The first that says no."""
        return next(iter(self.broken), AlsoTaken())


def _judged(planned: Planned, first: Wanted, now: Situation, book: Callable[[int, Wanted], Booking]) -> Judged:
    if planned.interval is None:
        return Judged(planned, broken=[planned.skipped_by_the_clocks])
    resource = now.under.resource
    conflicts = now.taken.in_the_way(resource.id, planned.interval, resource.claims(planned.interval))
    try:
        booking = book(planned.index, replace(first, interval=planned.interval))
    except BookingRefused as refused:
        return Judged(planned, broken=refused.violations, conflicts=conflicts)
    return Judged(planned, conflicts=conflicts) if conflicts else Judged(planned, booking)


def _draw(booking: Booking | None, left: dict[str, set[int]]) -> None:
    """What one time of it draws the next ones cannot."""
    for claim in of_quota(booking.claims) if booking else ():
        prefix, _, unit = claim.rpartition("|")
        left[f"{prefix}|"].discard(int(unit))


def refusal_of(refused: Sequence[Judged], time_zone: str) -> Refusal:
    """Every violation; where only somebody is in the way, who is."""
    broken = [(each.planned.index, no) for each in refused for no in each.broken]
    if broken:
        also = [(each.planned.index, AlsoTaken()) for each in refused if each.conflicts]
        return SeriesRefused(sorted([*broken, *also], key=lambda each: each[0]))
    zone = zone_of(time_zone)
    told = [
        {"resource": each.resource, **spoken(each.interval, zone), "index": judged.planned.index}
        for judged in refused
        for each in judged.conflicts
    ]
    return SeriesTaken(conflicts=told, alternatives=[])

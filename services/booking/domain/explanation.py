"""Why a wish was refused, and the nearest ones that would pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from zoneinfo import ZoneInfo

from services.booking.domain.availability import Occupied, free, on_grid
from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.domain.resource import Resource
from services.booking.domain.rules import Circumstances, Wanted, violations
from services.booking.domain.violations import AlsoTaken, QuotaExceeded, Violation
from services.booking.domain.wall import day_of, spoken, spoken_with_local
from shared.kernel.interval import Interval
from shared.kernel.refusal import Refusal
from shared.kernel.time import start_of_day

ENOUGH, MOST = 3, 5
"""Alternatives: with fewer than the first it is worth looking further, more than the second nobody reads."""
NEAR = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around a wish: resources of its kind, its own first, and who occupies them in `window`."""

    resources: Sequence[Resource]
    taken: Sequence[Occupied]
    window: Interval


def windows(wish: Interval, zone: ZoneInfo) -> tuple[Interval, Interval]:
    """Where to look for alternatives: close by, and, if that is not enough, on the site's day and the next one."""
    day = day_of(wish.start, zone)
    two_days = Interval(start_of_day(day, zone), max(wish.end, start_of_day(day + timedelta(days=2), zone)))
    return Interval(wish.start - NEAR, wish.end + NEAR), two_days


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that says no to a wish, as far as its surroundings tell."""

    wanted: Wanted
    under: Circumstances
    broken: Sequence[Violation]
    around: Surroundings
    at: datetime

    @property
    def conflicts(self) -> list[Occupied]:
        claims = set(self.under.resource.claims(self.wanted.interval))
        return [each for each in self.around.taken if not claims.isdisjoint(each.claims)]

    def alternatives(self) -> list[tuple[Resource, Interval]]:
        """The nearest that break no rule: two of the resource itself, one of each other, as long as rules allow."""
        own, *others = self.around.resources
        found = [*islice(self._passing(own), 2), *chain.from_iterable(islice(self._passing(r), 1) for r in others)]
        return sorted(found, key=lambda each: self._distance(each[1]))[:MOST]

    def refusal(self, alternatives: Sequence[tuple[Resource, Interval]]) -> Refusal | None:
        """None: no rule says no, and who was in the way has gone meanwhile."""
        zone, conflicts = self.under.site.zone, self.conflicts
        offered = [{"resource": room.id, **spoken_with_local(interval, zone)} for room, interval in alternatives]
        if self.broken:
            return BookingRefused([*self.broken, AlsoTaken()] if conflicts else self.broken, offered)
        if conflicts:
            taken = [{"resource": each.resource, **spoken(each.interval, zone)} for each in conflicts]
            return SlotTaken(conflicts=taken, alternatives=offered)
        return None

    def _passing(self, resource: Resource) -> Iterator[tuple[Resource, Interval]]:
        """Places of one resource in order of distance, each judged only when it is asked for."""
        there = replace(self.under, resource=resource)
        pools = {share.prefix for share in self.under.quota(self.wanted.interval)}
        for interval in sorted(self._places(resource), key=self._distance):
            # The pool of another week may be empty as well; nobody looked.
            elsewhere = not pools.issuperset(share.prefix for share in self.under.quota(interval))
            if not elsewhere and not violations(replace(self.wanted, interval=interval), there, self.at):
                yield resource, interval

    def _places(self, resource: Resource) -> Iterator[Interval]:
        """In each free range the place nearest to the wish, as long as the resource and the quota let it be."""
        wish, window, left = self.wanted.interval, self.around.window, self._quota_left
        length = _fitting(wish.length if left is None else min(left, wish.length), resource)
        if (left is not None and length > left) or window.end <= self.at:
            return
        site, within = self.under.site, Interval(max(window.start, self.at), window.end)
        for each in free(resource, site, self.under.holidays, self.around.taken, within):
            if each.length >= length:
                start = on_grid(min(max(wish.start, each.start), each.end - length), resource, site, up=False)
                start = max(start, each.start)
                yield Interval(start, start + length)

    @property
    def _quota_left(self) -> timedelta | None:
        """Hours of the emptiest pool that was too small, None where none was."""
        hours = [float(no.limit or 0) - float(no.used or 0) for no in self.broken if isinstance(no, QuotaExceeded)]
        return timedelta(hours=min(hours)) if hours else None

    def _distance(self, interval: Interval) -> timedelta:
        return abs(interval.start - self.wanted.interval.start)


def _fitting(length: timedelta, resource: Resource) -> timedelta:
    """`length` in whole granules of the resource, at least its shortest and at most its longest use."""
    granule = timedelta(minutes=resource.granule_minutes)
    shortest, longest = (timedelta(minutes=m) for m in (resource.shortest_minutes, resource.longest_minutes))
    return min(max(-(-length // granule) * granule, shortest), longest)

"""Why a wish was refused, and the nearest ones that would pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from services.booking.domain.availability import Occupied, TakenTime, free, on_grid
from services.booking.domain.quota_violations import QuotaExceeded
from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.domain.resource import Resource, with_gap
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted, violations
from services.booking.domain.searching import until_when
from services.booking.domain.violations import AlsoTaken, Violation
from services.booking.domain.wall import spoken, spoken_with_local
from shared.kernel.interval import Interval
from shared.kernel.refusal import Refusal
from shared.kernel.text import Text
from shared.kernel.time import shown

ENOUGH, MOST, MOST_OF_OWN = 3, 5, 2
"""Alternatives: with fewer than the first it is worth looking further, more than the second nobody reads."""
Alternative = tuple[Resource, Interval]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around a wish: resources of its kind, its own first, and who occupies them in `window`.

    `pools`: what is free there of those that what is wanted draws on.
    """

    resources: Sequence[Resource]
    taken: Sequence[Occupied]
    window: Interval
    pools: FreeUnits

    @property
    def time(self) -> TakenTime:
        """What is taken of its resources there."""
        ids = {each for resource in self.resources for each in resource.occupies}
        claims = (claim for each in self.taken for claim in each.claims)
        return TakenTime(claims, ids, with_gap(self.window, self.resources))

    def in_the_way(self, resource: Resource, interval: Interval) -> list[Occupied]:
        """Those that hold a granule this use would claim."""
        claims = set(resource.claims(interval))
        return [each for each in self.taken if not claims.isdisjoint(each.claims)]


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
        return self.around.in_the_way(self.under.resource, self.wanted.interval)

    @property
    def challenged(self) -> list[Occupied]:
        """Provisional bookings that are all there is in the way: this wish makes their holders decide."""
        conflicts = [] if self.broken else self.conflicts
        return conflicts if all(each.provisional for each in conflicts) else []

    def alternatives(self) -> list[Alternative]:
        """What breaks no rule, as long as rules allow: the nearest in the same resource, the same time in others.

        Only where that is not enough, the nearest in the others too: the losers of a race are many.
        """
        if any(no.everywhere for no in self.broken):
            return []
        own, *others = self.around.resources
        found = list(islice(self._passing(own, self._places(own)), MOST_OF_OWN))
        same_time = (each for other in others for each in self._passing(other, self._same_time(other)))
        found += islice(same_time, MOST - MOST_OF_OWN)
        if len(found) < ENOUGH:
            rest = (other for other in others if other not in (room for room, _ in found))
            found += (each for other in rest for each in islice(self._passing(other, self._places(other)), 1))
        return sorted(found, key=lambda each: self._distance(each[1]))[:MOST]

    def refusal(self, alternatives: Sequence[Alternative]) -> Refusal | None:
        """None: no rule says no, and who was in the way has gone meanwhile."""
        zone, conflicts = self.under.site.zone, self.conflicts
        offered = [{"resource": room.id, **spoken_with_local(interval, zone)} for room, interval in alternatives]
        if self.broken:
            return BookingRefused([*self.broken, AlsoTaken()] if conflicts else self.broken, offered)
        if conflicts:
            taken = [_told(each, zone) for each in conflicts]
            until = [each.expires_at for each in self.challenged if each.expires_at is not None]
            message = _provisionally_taken(max(until), zone) if until else None
            return SlotTaken(message=message, conflicts=taken, alternatives=offered)
        return None

    def _passing(self, resource: Resource, places: Iterable[Interval]) -> Iterator[Alternative]:
        """Those that no rule refuses, in order of distance, each judged only when it is asked for."""
        there = replace(self.under, resource=resource)
        for interval in sorted(places, key=self._distance):
            wanted = replace(self.wanted, interval=interval)
            if self._is_left_for(interval) and not violations(wanted, there, self.at):
                yield resource, interval

    def _is_left_for(self, interval: Interval) -> bool:
        """A pool nobody looked at may be empty."""
        return all(len(self.around.pools.get(each.prefix, ())) >= each.units for each in self.under.quota(interval))

    def _same_time(self, resource: Resource) -> Iterator[Interval]:
        start, length, window = self.wanted.interval.start, self._length(resource), self.around.window
        places: Iterable[Interval] = [Interval(start, start + length)] if length else []
        if resource.boundaries:
            places = [each for each in self._between_boundaries(resource, window) if each.start == start]
        for each in places:
            if window.contains(each) and not self.around.in_the_way(resource, each):
                yield each

    def _places(self, resource: Resource) -> Iterator[Interval]:
        """In each free range the place nearest to the wish; between boundaries each that covers as many of them."""
        wish, window, length = self.wanted.interval, self.around.window, self._length(resource)
        end = min([window.end, *until_when(self.under.party, self.broken)])
        if length is None or end <= (start := max(window.start, self.at)):
            return
        site, within = self.under.site, Interval(start, end)
        for each in free(resource, site, self.under.holidays, self.around.time, within):
            if resource.boundaries:
                yield from self._between_boundaries(resource, each)
            elif each.length >= length:
                start = on_grid(min(max(wish.start, each.start), each.end - length), resource, site, up=False)
                start = max(start, each.start)
                yield Interval(start, start + length)

    def _between_boundaries(self, resource: Resource, within: Interval) -> Iterator[Interval]:
        found = resource.boundaries_in(within, self.under.site.zone)
        for start, end in zip(found, found[self._covered(resource) :], strict=False):
            yield Interval(start, end)

    def _covered(self, resource: Resource) -> int:
        """Of the spans between boundaries as many as wished, one at least; fewer where so many are always too long."""
        zone, longest = self.under.site.zone, self._longest(resource)
        around = resource.boundaries_in(self.around.window, zone)
        covered = max(1, len(resource.boundaries_in(self.wanted.interval, zone)) - 1)
        while covered > 1 and all(end - start > longest for start, end in zip(around, around[covered:], strict=False)):
            covered -= 1
        return covered

    def _length(self, resource: Resource) -> timedelta | None:
        """As long as wished, fitted to the resource and to what a pool has left; None where nothing fits that."""
        return _fitting(self.wanted.interval.length, self._longest(resource), resource)

    def _longest(self, resource: Resource) -> timedelta:
        longest = timedelta(minutes=resource.longest_minutes)
        return longest if (left := self._quota_left) is None else min(left, longest)

    @property
    def _quota_left(self) -> timedelta | None:
        """Hours of the emptiest pool that was too small, None where none was."""
        return min((no.left for no in self.broken if isinstance(no, QuotaExceeded)), default=None)

    def _distance(self, interval: Interval) -> timedelta:
        return abs(interval.start - self.wanted.interval.start)


def _told(each: Occupied, zone: ZoneInfo) -> dict[str, Any]:
    """When, never whose."""
    told = {"resource": each.resource, **spoken(each.interval, zone)}
    if each.provisional and each.expires_at is not None:
        told["provisional_until"] = shown(each.expires_at, zone)
    return told


def _provisionally_taken(until: datetime, zone: ZoneInfo) -> Text:
    wall = f"{until.astimezone(zone):%Y-%m-%d %H:%M}"
    return Text(
        ja=f"その時間は仮予約されています。{wall}({zone.key})までに確定されなければ空きます。",
        en=f"That time is provisionally booked; it falls free unless that is confirmed by {wall} ({zone.key}).",
    )


def _fitting(length: timedelta, longest: timedelta, resource: Resource) -> timedelta | None:
    """`length` in whole granules, at least the resource's shortest use and at most `longest`; None: none is both."""
    granule, shortest = (timedelta(minutes=each) for each in (resource.granule_minutes, resource.shortest_minutes))
    least, most = -(-shortest // granule) * granule, longest // granule * granule
    return min(max(-(-length // granule) * granule, least), most) if least <= most else None

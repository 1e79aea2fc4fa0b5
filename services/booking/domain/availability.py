"""What is free: ranges in which a booking may lie, and the nearest ones to a wish that was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.domain.resource import EPOCH, Resource, aligned, ranges
from services.booking.domain.rules import Circumstances, Wanted, violations
from services.booking.domain.site import Holidays, Site
from services.booking.domain.violations import AlsoTaken, QuotaExceeded, Violation
from services.booking.domain.wall import day_of, spoken, spoken_with_local
from shared.kernel.interval import GRANULE, Interval, gaps
from shared.kernel.refusal import Refusal
from shared.kernel.time import start_of_day

MOST_ALTERNATIVES = 5
MOST_OF_ONE = 2


@dataclass(frozen=True, slots=True)
class Occupied:
    """What a document keeps others from: by its claims, which outlast `interval` by the clean-up gap."""

    resource: str
    interval: Interval
    claims: Sequence[str]


def free(
    resource: Resource, site: Site, holidays: Holidays, taken: Sequence[Occupied], within: Interval
) -> list[Interval]:
    """Where in `within` whole granules may be booked, in order, none shorter than the resource's shortest use."""
    occupied = ranges((claim for each in taken for claim in each.claims), resource.occupies)
    shortest = timedelta(minutes=resource.shortest_minutes)
    found = []
    for opening in resource.openings(site, holidays, within):
        for gap in gaps(opening.lengthened(resource.buffer), occupied):
            # The clean-up gap of what would be booked here has to fit before the next one too.
            start = _on_grid(max(gap.start, within.start), resource, site, up=True)
            end = _on_grid(min(gap.end - resource.buffer, within.end), resource, site, up=False)
            if end - start >= shortest:
                found.append(Interval(start, end))
    return found


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands and lies around a wish that was refused: resources of its kind, who occupies them in `window`."""

    resources: Sequence[Resource]
    taken: Sequence[Occupied]
    window: Interval

    @staticmethod
    def window_of(wanted: Wanted, under: Circumstances) -> Interval:
        """The site's day of the wish and the next one; longer if the wish is."""
        zone = under.site.zone
        day = day_of(wanted.interval.start, zone)
        end = wanted.interval.lengthened(under.resource.buffer).end
        return Interval(start_of_day(day, zone), max(end, start_of_day(day + timedelta(days=2), zone)))


def explained(
    wanted: Wanted, under: Circumstances, broken: Sequence[Violation], around: Surroundings, at: datetime
) -> Refusal | None:
    """The refusal to answer with, or None: no rule says no, and who was in the way has gone meanwhile."""
    claims = set(under.resource.claims(wanted.interval))
    conflicts = [each for each in around.taken if not claims.isdisjoint(each.claims)]
    if not broken and not conflicts:
        return None
    zone = under.site.zone
    offered = [
        {"resource": resource.id, **spoken_with_local(interval, zone)}
        for resource, interval in _alternatives(wanted, under, broken, around, at)
    ]
    if broken:
        return BookingRefused([*broken, AlsoTaken()] if conflicts else broken, offered)
    taken = [{"resource": each.resource, **spoken(each.interval, zone)} for each in conflicts]
    return SlotTaken(conflicts=taken, alternatives=offered)


def _alternatives(
    wanted: Wanted, under: Circumstances, broken: Sequence[Violation], around: Surroundings, at: datetime
) -> list[tuple[Resource, Interval]]:
    """The nearest to the wish that break no rule, of its length where a rule does not force another."""
    left = _quota_left(broken)
    pools = {share.prefix for share in under.quota(wanted.interval)}
    found = []
    for resource in around.resources:
        there = replace(under, resource=resource)
        near = [
            (abs(interval.start - wanted.interval.start), resource.id != under.resource.id, resource, interval)
            for interval in _candidates(wanted.interval, there, left, around, at)
            if {share.prefix for share in under.quota(interval)} <= pools
            and not violations(replace(wanted, interval=interval), there, at)
        ]
        found += sorted(near, key=lambda each: each[:2])[:MOST_OF_ONE]
    return [each[2:] for each in sorted(found, key=lambda each: each[:2])][:MOST_ALTERNATIVES]


def _candidates(
    wish: Interval, there: Circumstances, left: timedelta | None, around: Surroundings, at: datetime
) -> Iterator[Interval]:
    """In each free range the place nearest to the wish, as long as the resource and the quota let it be."""
    resource, site = there.resource, there.site
    length = _fitting(wish.length if left is None else min(left, wish.length), resource)
    if (left is not None and length > left) or around.window.end <= at:
        return
    within = Interval(max(around.window.start, at), around.window.end)
    for each in free(resource, site, there.holidays, around.taken, within):
        if each.length >= length:
            start = min(max(wish.start, each.start), each.end - length)
            start = max(_on_grid(start, resource, site, up=False), each.start)
            yield Interval(start, start + length)


def _fitting(length: timedelta, resource: Resource) -> timedelta:
    """`length` in whole granules of the resource, at least its shortest and at most its longest use."""
    granule = timedelta(minutes=resource.granule_minutes)
    shortest, longest = (timedelta(minutes=m) for m in (resource.shortest_minutes, resource.longest_minutes))
    return min(max(-(-length // granule) * granule, shortest), longest)


def _quota_left(broken: Sequence[Violation]) -> timedelta | None:
    hours = [float(no.limit or 0) - float(no.used or 0) for no in broken if isinstance(no, QuotaExceeded)]
    return timedelta(hours=min(hours)) if hours else None


def _on_grid(at: datetime, resource: Resource, site: Site, *, up: bool) -> datetime:
    """The nearest instant on the resource's grid, not before (`up`) or not after `at`."""
    past = (at - EPOCH) % GRANULE
    at = at - past + (GRANULE if up and past else timedelta())
    while not aligned(at, resource.granule_minutes, site.zone):
        at += GRANULE if up else -GRANULE
    return at

"""What is free: ranges in which a booking may lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.booking.domain.resource import EPOCH, Resource, bounds, joined
from services.booking.domain.site import Holidays, Site
from services.booking.domain.status import Status
from shared.kernel.interval import GRANULE, Interval, gaps

_LONGEST_SEARCH = 2 * 96
"""Granules: any time of day comes within two days, also where the clocks skip it once."""


@dataclass(frozen=True, slots=True)
class Occupied:
    """What a document keeps others from: by its claims, which outlast `interval` by the clean-up gap.

    `booking` is its id; `expires_at` the deadline of one that nobody has settled yet; `challenged`: somebody else has
    asked for the time of a provisional one before.
    """

    resource: str
    interval: Interval
    claims: Sequence[str]
    booking: str = ""
    status: Status = Status.CONFIRMED
    expires_at: datetime | None = None
    challenged: bool = False

    @property
    def provisional(self) -> bool:
        return self.status is Status.PROVISIONAL

    def lapsed(self, at: datetime) -> bool:
        """It is over; only nobody has taken it away yet."""
        return self.expires_at is not None and self.expires_at <= at


class TakenTime:
    """What `claims` take of the real resources `ids` in `within`: each is looked at once, however many are asked about.

    Claims on anything else, or before or after it, are passed over.
    """

    def __init__(self, claims: Iterable[str], ids: Iterable[str], within: Interval) -> None:
        self._minutes: dict[str, set[str]] = {each: set() for each in ids}
        first, end = (bound.rpartition("|")[2] for bound in bounds("", within))
        for claim in claims:
            room, _, minute = claim.partition("|")
            if first <= minute < end and (minutes := self._minutes.get(room)) is not None:
                minutes.add(minute)

    def of(self, resource: Resource) -> list[Interval]:
        """In order, joined; of a combined one where any of its parts is taken."""
        return joined(minute for each in resource.occupies for minute in self._minutes[each])


def free(resource: Resource, site: Site, holidays: Holidays, taken: TakenTime, within: Interval) -> list[Interval]:
    """Where in `within` whole granules may be booked, in order, none shorter than the resource's shortest use."""
    occupied = taken.of(resource)
    shortest = timedelta(minutes=resource.shortest_minutes)
    found = []
    for opening in resource.openings(site, holidays, within):
        for gap in gaps(opening.lengthened(resource.buffer), occupied):
            # The clean-up gap of what would be booked here has to fit before the next one too.
            start = on_grid(max(gap.start, within.start), resource, site, up=True)
            end = on_grid(min(gap.end - resource.buffer, within.end), resource, site, up=False)
            if end - start >= shortest:
                found.append(Interval(start, end))
    return found


def on_grid(at: datetime, resource: Resource, site: Site, *, up: bool) -> datetime:
    """The nearest instant at which a use may begin or end, not before (`up`) or not after `at`."""
    past = (at - EPOCH) % GRANULE
    at = at - past + (GRANULE if up and past else timedelta())
    # On the house's own granule every zone is on the grid: offsets are whole quarters of an hour.
    if resource.granule_minutes == 15 and not resource.boundaries:
        return at
    for _ in range(_LONGEST_SEARCH):
        if resource.fits(at, site.zone):
            break
        at += GRANULE if up else -GRANULE
    return at

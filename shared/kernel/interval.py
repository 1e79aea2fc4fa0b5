"""`[start, end)` over instants, and the house's claimed granule of 15 minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

GRANULE = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Half-open: what ends at 20:00 leaves 20:00 free. Both ends are UTC instants; raises ValueError if empty."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            raise ValueError("an interval is made of UTC instants")
        if self.end <= self.start:
            raise ValueError("an interval ends after it starts")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        return self.start < other.end and other.start < self.end

    def contains(self, other: Interval) -> bool:
        return self.start <= other.start and other.end <= self.end

    def within(self, other: Interval) -> Interval:
        """What of it lies in the other, which it overlaps."""
        return Interval(max(self.start, other.start), min(self.end, other.end))

    def lengthened(self, by: timedelta) -> Interval:
        """The same start, its end `by` later (a clean-up gap)."""
        return Interval(self.start, self.end + by)

    def granules(self) -> Iterator[datetime]:
        """The starts of the 15-minute UTC granules it touches, rounded outward, in order."""
        at = self.start - (self.start - _EPOCH) % GRANULE
        while at < self.end:
            yield at
            at += GRANULE


def gaps(within: Interval, taken: list[Interval]) -> list[Interval]:
    """What of `within` none of `taken` (any order, may overlap) covers, in order."""
    free, at = [], within.start
    for each in sorted(taken):
        if each.start > at:
            free.append(Interval(at, min(each.start, within.end)))
        at = max(at, each.end)
        if at >= within.end:
            return free
    free.append(Interval(at, within.end))
    return free

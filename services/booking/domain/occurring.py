"""The times of a series: wall times of its anchor zone, and the instants at which its clocks show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.booking.domain.refusals import BeyondHorizon, IntervalInvalid
from services.booking.domain.rules import Circumstances
from services.booking.domain.violations import Violation
from services.booking.domain.wall import day_of, months_after
from shared.kernel.interval import Interval
from shared.kernel.rights import FURTHEST_MONTHS
from shared.kernel.text import Text


class SkippedByTheClocks(Violation):
    """`requested` is the wall time of the anchor zone that its clocks do not show on that day."""

    code = "nonexistent-local-time"
    rule = "local-time"
    message = Text(ja="その日はその現地時刻が存在しません(夏時間)。", en="The clocks skip that local time on that day.")


@dataclass(frozen=True, slots=True)
class Planned:
    """One time of the rule: from `begins` to `ends` on the wall of `zone`; no interval where its clocks skip an end."""

    index: int
    begins: datetime
    ends: datetime
    zone: ZoneInfo
    interval: Interval | None

    @property
    def skipped_by_the_clocks(self) -> SkippedByTheClocks:
        return SkippedByTheClocks(requested=self.begins.isoformat(timespec="minutes"))


def wall_of(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of `zone` show at `at`, naive."""
    return at.astimezone(zone).replace(tzinfo=None)


def planned(first: Interval, walls: Iterable[datetime], zone: ZoneInfo) -> Iterator[Planned]:
    """The times of a rule whose first one is `first`, exactly as it was given; the others as long on the wall as that.

    So many hours on the wall may be one more or less in truth. Raises IntervalInvalid where `first` ends on the wall
    before it begins.
    """
    begins, ends = wall_of(first.start, zone), wall_of(first.end, zone)
    if ends <= begins:
        raise IntervalInvalid
    yield Planned(0, begins, ends, zone, first)
    for index, wall in enumerate(walls, start=1):
        yield placed_at(index, wall, ends - begins, zone)


def bookable(times: Iterable[Planned], under: Circumstances, at: datetime, *, bounded: bool) -> Iterator[Planned]:
    """Those of a rule with an end of its own; of one without, as far ahead as its party may book today.

    Raises BeyondHorizon where its own end is further off than anybody may book.
    """
    today, zone = day_of(at, under.site.zone), under.site.zone
    last = months_after(today, FURTHEST_MONTHS if bounded else under.right.months_ahead)
    for each in times:
        # The first is judged like any booking.
        if each.index and each.interval and day_of(each.interval.start, zone) > last:
            if bounded:
                raise BeyondHorizon
            return
        yield each


def placed_at(index: int, wall: datetime, length: timedelta, zone: ZoneInfo) -> Planned:
    """That long on the wall, from there on."""
    start, end = _earlier(wall, zone), _earlier(wall + length, zone)
    interval = Interval(start, end) if start and end and start < end else None
    return Planned(index, wall, wall + length, zone, interval)


def _earlier(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant at which the clocks show that, the first of two; None where they never do."""
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return at if wall_of(at, zone) == wall else None

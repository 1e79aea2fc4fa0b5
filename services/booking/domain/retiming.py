"""A zone has other rules by now: what is to come stands at the instants at which its clocks show what was meant.

Nothing is judged anew. The place, the hours drawn and the terms stay as they were sold; only the instants are others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.claims import granule_of, of_place
from services.booking.domain.deadlines import reminder
from services.booking.domain.events import BookingMoved, WaitlistMoved
from services.booking.domain.occurring import wall_of
from services.booking.domain.resource import EPOCH, granules_of
from services.booking.domain.series import STANDS, Series
from services.booking.domain.series_events import SeriesChanged
from services.booking.domain.series_placing import SeriesDecided
from services.booking.domain.status import Status
from services.booking.domain.waiting import Entry, Standing, WaitlistDecided
from services.booking.domain.wall import local
from shared.kernel.decision import Decision
from shared.kernel.interval import GRANULE, Interval
from shared.kernel.time import zone_of

CLOCKS = "time-zone-rules"
"""Why."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """From the instants something has to those at which the clocks now show what was meant; None: they never do."""

    was: Interval
    to: Interval | None

    @property
    def later(self) -> bool:
        return self.to is not None and self.to.start > self.was.start


def shift_of(was: Interval, meant: Mapping[str, str]) -> Shift | None:
    """`meant` is `{time_zone, date, start, end}`, as it was stored with `was`; None where the clocks still show that.

    The day of the end is not in it: it is the one on which the length on the wall is nearest to the true one.
    """
    zone = zone_of(meant["time_zone"])
    if local(was, zone) == meant:
        return None
    begins = datetime.fromisoformat(f"{meant['date']}T{meant['start']}") + _beyond_minute(was.start)
    about = was.end.replace(tzinfo=None) + (begins - was.start.replace(tzinfo=None))
    same_day = datetime.fromisoformat(f"{about:%Y-%m-%d}T{meant['end']}") + _beyond_minute(was.end)
    ends = min((same_day - _DAY, same_day, same_day + _DAY), key=lambda each: abs(each - about))
    start, end = _nearest(begins, zone, was.start), _nearest(ends, zone, was.end)
    return Shift(was, Interval(start, end) if start and end and start < end else None)


def _beyond_minute(at: datetime) -> timedelta:
    """What `HH:MM` does not say."""
    return timedelta(seconds=at.second, microseconds=at.microsecond)


def _nearest(wall: datetime, zone: ZoneInfo, to: datetime) -> datetime | None:
    """The instant at which the clocks show that, of two the nearer one; None where they never do."""
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return min((at for at in both if wall_of(at, zone) == wall), key=lambda at: (abs(at - to), at), default=None)


def is_to_come(booking: Booking, at: datetime) -> bool:
    """Whether it stands, has not begun, and its time to be settled is not over."""
    return booking.status in STANDS and booking.interval.start > at and not booking.lapsed(at)


def retime(booking: Booking, by: Shift, *, at: datetime) -> Decided:
    """At its new instants; no transition for what others have moved, settled or begun meanwhile."""
    to = _goal(by, booking.interval, at)
    if to is None or not is_to_come(booking, at):
        return Decision(booking)
    moved = _at(booking, to, at=at)
    return Decision(moved, [BookingMoved(moved, booking, CLOCKS)])


def retime_series(series: Series, by: Mapping[int, Shift], *, at: datetime) -> SeriesDecided:
    """The same of these times of it, as one decision. What would meet another of its own times stays where it is."""
    going = fitting(series, by, (), at=at)
    after = replace(
        series,
        occurrences=tuple(replace(each, booking=going.get(each.index, each.booking)) for each in series.occurrences),
    )
    moved = tuple(each for each in series.occurrences if each.index in going)
    if not moved:
        return Decision(series)
    return Decision(after, [SeriesChanged(after, tuple(going), moved, (), CLOCKS)])


def fitting(series: Series, by: Mapping[int, Shift], taken: Collection[str], *, at: datetime) -> Mapping[int, Booking]:
    """Those of its times that can move although others hold `taken` and the rest of it stays, as they are then."""
    going = {
        each.index: decided.state
        for each in series.occurrences
        if each.index in by and (decided := retime(each.booking, by[each.index], at=at)).events
    }
    while blocked := _blocked(series, going, taken):
        going = {index: booking for index, booking in going.items() if index not in blocked}
    return going


def _blocked(series: Series, going: Mapping[int, Booking], taken: Collection[str]) -> set[int]:
    seen = {*taken, *_claims(each.booking for each in series.occurrences if each.index not in going)}
    blocked = set()
    for index, booking in going.items():
        if not seen.isdisjoint(of_place(booking.claims)):
            blocked.add(index)
        seen.update(of_place(booking.claims))
    return blocked


def _claims(bookings: Iterable[Booking]) -> Iterable[str]:
    return (claim for each in bookings for claim in of_place(each.claims))


def retime_entry(entry: Entry, by: Shift, *, at: datetime) -> WaitlistDecided:
    """Waits for the new instants, at the same place in the line."""
    to = _goal(by, entry.interval, at)
    if to is None or not entry.open:
        return Decision(entry)
    offer = entry.offer if entry.status is Standing.OFFERED else None
    if offer is not None:
        offer = replace(offer, expires_at=min(offer.expires_at, to.end))
    moved = replace(entry, interval=to, offer=offer)
    return Decision(moved, [WaitlistMoved(moved, entry.interval, CLOCKS)])


def _goal(by: Shift, stands: Interval, at: datetime) -> Interval | None:
    """None for what stands elsewhere by now, or would have begun there."""
    return by.to if stands == by.was and by.to is not None and by.to.start > at else None


def _at(booking: Booking, to: Interval, *, at: datetime) -> Booking:
    """There, by the terms it had: what counts from its start is as long before it, and no deadline gets later."""
    ahead = to.start - booking.interval.start
    opens, closes = _with(booking.check_in_from, ahead), _with(booking.check_in_until, ahead)
    until = booking.expires_at and min(booking.expires_at, to.end if booking.status is Status.HELD else to.start)
    again = booking.remind_at if until == booking.expires_at else reminder(booking.status, until, at)
    moved = replace(
        booking,
        interval=to,
        claims=_carried(booking, to),
        expires_at=until,
        remind_at=again,
        cancel_by=_with(booking.cancel_by, ahead),
        check_in_from=opens,
        check_in_until=closes and min(closes, to.end),
    )
    if booking.status is not Status.CHECKED_IN:
        return moved
    return replace(moved, status=Status.CONFIRMED, checked_in_at=None, visible=False).certain(at=at)


def _with(at: datetime | None, ahead: timedelta) -> datetime | None:
    return None if at is None else at + ahead


def _carried(booking: Booking, to: Interval) -> tuple[str, ...]:
    """The granules of the same resources, as much of them behind its end as before; what else it claims stays."""
    place = of_place(booking.claims)
    parts = dict.fromkeys(claim.rpartition("|")[0] for claim in place)
    behind = max((granule_of(claim) for claim in place), default=booking.interval.end) + GRANULE
    gap = max(timedelta(), behind - _rounded_up(booking.interval.end))
    held = Interval(to.start, _rounded_up(to.end) + gap)
    others = [claim for claim in booking.claims if claim not in {*place}]
    return (*(claim for each in parts for claim in granules_of(each, held)), *others)


def _rounded_up(at: datetime) -> datetime:
    return at + -(at - EPOCH) % GRANULE

"""What becomes of a series: each step is that of a booking, taken for one of its times, those that follow, or all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.booking.domain import attendance, lapsing, settling
from services.booking.domain.booking import Booking, Decided
from services.booking.domain.claims import of_quota
from services.booking.domain.events import BookingCancelled, BookingEvent, BookingHandedOver
from services.booking.domain.refusals import NotApprovable, NotRejectable, TooLate
from services.booking.domain.series import Occurrence, Series
from services.booking.domain.series_events import (
    SeriesCancelled,
    SeriesCompleted,
    SeriesConfirmed,
    SeriesEvent,
    SeriesExpired,
    SeriesHandedOver,
)
from services.booking.domain.series_placing import SeriesDecided
from services.booking.domain.series_refusals import OccurrenceUnknown
from services.booking.domain.status import CANCEL, Status
from shared.kernel.decision import Decision

Settle = Callable[[Booking], Decided]


class Scope(StrEnum):
    """One time of a series; that and all after it; all."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Which:
    """`index` names the one; of all it need not be given."""

    scope: Scope
    index: int | None = None

    def of(self, series: Series) -> list[Occurrence]:
        """Raises OccurrenceUnknown where there is no such time, or it was skipped."""
        if self.index is None and self.scope is Scope.ALL:
            return list(series.occurrences)
        if self.index not in [each.index for each in series.occurrences]:
            raise OccurrenceUnknown(index=self.index)
        if self.scope is Scope.ALL:
            return list(series.occurrences)
        at_least = [each for each in series.occurrences if each.index >= (self.index or 0)]
        return at_least[:1] if self.scope is Scope.ONE else at_least


@dataclass(frozen=True, slots=True)
class _Settled:
    """The series after a step, and what that step did to which of its times."""

    series: Series
    events: Sequence[tuple[int, BookingEvent]]

    @property
    def indexes(self) -> tuple[int, ...]:
        return tuple(index for index, _ in self.events)


def _settled(series: Series, which: Sequence[Occurrence], settle: Settle) -> _Settled:
    decided = {each.index: settle(each.booking) for each in which}
    after = tuple(
        replace(each, booking=decided[each.index].state) if each.index in decided else each
        for each in series.occurrences
    )
    events = [(index, event) for index, each in decided.items() for event in each.events]
    return _Settled(replace(series, occurrences=after), events)


def cancel(
    series: Series, which: Which, *, at: datetime, by_house: bool = False, reason: str | None = None
) -> SeriesDecided:
    """Give back what has not begun; each keeps or gives its hours as a booking would.

    Raises OccurrenceUnknown; TooLate, NotCancellable of the one; TooLate where nothing of more is still to come.
    """
    picked = which.of(series)
    if which.scope is not Scope.ONE:
        found = [each for each in picked if is_coming(each.booking, at) and (by_house or not each.booking.lapsed(at))]
        if not found and not any(each.booking.status is Status.CANCELLED for each in picked):
            raise TooLate
        picked = found
    done = _settled(series, picked, lambda each: settling.cancel(each, at=at, by_house=by_house, reason=reason))
    return _cancelled(series, done, reason=reason)


def approve(series: Series, *, reason: str | None, at: datetime) -> SeriesDecided:
    """All that waits for it, and whose time has not run out. Raises NotApprovable."""
    waiting = _waiting(series, at)
    if not waiting and series.status is not Status.CONFIRMED:
        raise NotApprovable(status=series.status.value)
    done = _settled(series, waiting, lambda each: settling.approve(each, reason=reason, at=at))
    return Decision(done.series, [SeriesConfirmed(done.series, done.indexes, reason)] if done.events else [])


def reject(series: Series, *, reason: str | None, at: datetime) -> SeriesDecided:
    """Cancelled by those who had to approve it. Raises NotRejectable."""
    waiting = _waiting(series, at)
    if not waiting and series.status is not Status.CANCELLED:
        raise NotRejectable(status=series.status.value)
    done = _settled(series, waiting, lambda each: settling.reject(each, reason=reason, at=at))
    return _cancelled(series, done, reason=reason, rejected=True)


def lapse(series: Series, *, at: datetime) -> SeriesDecided:
    """What the clock does: what nobody approved in time has expired, who did not come is a no-show, what has ended is
    over; after too many no-shows in a row, what is still to come is given back. Twice changes nothing.
    """
    expired = _settled(series, series.occurrences, lambda each: lapsing.expire(each, at=at))
    attended = _settled(expired.series, expired.series.occurrences, lambda each: _attended(each, at))
    over = [each for each in attended.series.occurrences if _is_over(each.booking, at)]
    done = _settled(attended.series, over, _completed)
    events: list[SeriesEvent | BookingEvent] = [event for _, event in attended.events]
    if expired.events:
        events.append(SeriesExpired(done.series, expired.indexes))
    if over:
        events.append(SeriesCompleted(done.series, tuple(each.index for each in over)))
    coming = [each for each in done.series.occurrences if done.series.struck_out and is_coming(each.booking, at)]
    gone = _settled(done.series, coming, lambda each: settling.cancel(each, at=at, by_house=True))
    if gone.events:
        events.append(SeriesCancelled(gone.series, gone.indexes, struck_out=True))
    return Decision(gone.series, events)


def is_coming(booking: Booking, at: datetime) -> bool:
    return booking.status in CANCEL.of and booking.interval.start > at


def _attended(booking: Booking, at: datetime) -> Decided:
    return attendance.no_show(booking, at=at) if booking.absent(at) else attendance.complete(booking, at=at)


def _is_over(booking: Booking, at: datetime) -> bool:
    """Of that for which nobody has to check in."""
    return booking.status is Status.CONFIRMED and booking.interval.end <= at


def settled(series: Series, settle: Settle) -> SeriesDecided:
    """When its people leave or their membership ends: each time as a booking, and handed over as a whole."""
    done = _settled(series, series.occurrences, settle)
    handed = [(index, event) for index, event in done.events if isinstance(event, BookingHandedOver)]
    if not handed:
        return _cancelled(series, done)
    event, all_of_it = handed[0][1], tuple(_passed_on(each, handed[0][1].booking) for each in done.series.occurrences)
    after = replace(done.series, occurrences=all_of_it)
    indexes = tuple(index for index, _ in handed)
    return Decision(after, [SeriesHandedOver(after, indexes, event.leaver, event.why, event.tell)])


def _passed_on(each: Occurrence, to: Booking) -> Occurrence:
    return replace(each, booking=replace(each.booking, booked_for=to.booked_for, former=to.former))


def _completed(booking: Booking) -> Decided:
    """The hours stay drawn; the time is past, so nobody is kept from it any more."""
    return Decision(replace(booking, status=Status.COMPLETED, claims=of_quota(booking.claims)))


def _waiting(series: Series, at: datetime) -> list[Occurrence]:
    return [
        each for each in series.occurrences if each.booking.status is Status.PENDING and not each.booking.lapsed(at)
    ]


def _cancelled(series: Series, done: _Settled, *, reason: str | None = None, rejected: bool = False) -> SeriesDecided:
    gone = [(index, event) for index, event in done.events if isinstance(event, BookingCancelled)]
    if not gone:
        return Decision(series)
    first = gone[0][1]
    kept = tuple(index for index, event in gone if event.debit_kept)
    event = SeriesCancelled(done.series, done.indexes, reason, rejected, kept, first.why, first.tell)
    return Decision(done.series, [event])

"""Which times of a series a change is about, and when and where each is to be.

The change is one of the wall clock of the anchor zone: so many days on, at that time of day, for that long; so what
lies over a change of the clocks keeps the hours that were given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.booking.domain.booking import Booking
from services.booking.domain.occurring import Planned, placed_at, wall_of
from services.booking.domain.quota import Share
from services.booking.domain.refusals import IntervalInvalid, NotChangeable, TooLate
from services.booking.domain.rules import Circumstances, check_form, interval_of
from services.booking.domain.series import Occurrence, Series
from services.booking.domain.series_placing import merged
from services.booking.domain.series_settling import Scope, Which, is_coming
from services.booking.domain.status import CHANGE, Status
from shared.kernel.interval import Interval
from shared.kernel.time import zone_of


@dataclass(frozen=True, slots=True)
class SeriesMove:
    """What is asked for: `start` and `end` of the time that `which` names. What is None stays; an empty `purpose` goes.

    `by_house`: the house asks for it, not its own people.
    """

    which: Which
    start: datetime | None = None
    end: datetime | None = None
    resource: str | None = None
    purpose: str | None = None
    attendees: int | None = None
    by_house: bool = False


@dataclass(frozen=True, slots=True)
class Aim:
    """One time of a series, when and where it is to be."""

    booking: Booking
    planned: Planned
    resource: str

    @property
    def moves(self) -> bool:
        return (self.planned.interval, self.resource) != (self.booking.interval, self.booking.resource)


def aims(series: Series, to: SeriesMove, at: datetime) -> list[Aim]:
    """The times it is about: the one, or of more those that have not begun, as they are to be.

    Raises OccurrenceUnknown, NotChangeable, TooLate, IntervalInvalid, IntervalTooLong, StartsInThePast, BeyondHorizon.
    """
    picked = to.which.of(series)
    if to.which.scope is not Scope.ONE:
        picked = [each for each in picked if is_coming(each.booking, at) and not each.booking.lapsed(at)]
    named = _named(series, to.which, picked, at)
    zone, was = zone_of(series.pattern.anchor_zone), named.booking.interval
    wanted = interval_of(to.start or was.start, to.end or was.end)
    if to.which.scope is Scope.ONE or (to.start is None and to.end is None):
        own = {each.index: each.booking.interval for each in picked} | {named.index: wanted}
        planned = [Planned(n, wall_of(i.start, zone), wall_of(i.end, zone), zone, i) for n, i in own.items()]
    else:
        check_form(wanted, zone_of(named.booking.time_zone), at)
        planned = [*_shifted(picked, named, wanted, series)]
    return [
        Aim(each.booking, when, to.resource or each.booking.resource)
        for each, when in zip(picked, planned, strict=True)
    ]


def _named(series: Series, which: Which, picked: Sequence[Occurrence], at: datetime) -> Occurrence:
    """The one whose time is given: of all, the next, unless it is said."""
    if which.index is None:
        if not picked:
            raise TooLate
        return picked[0]
    named = next(each for each in series.occurrences if each.index == which.index)
    CHANGE.to_be_taken(named.booking.status)
    if named not in picked:
        raise NotChangeable(status=Status.EXPIRED.value) if named.booking.lapsed(at) else TooLate
    return named


def _shifted(picked: Sequence[Occurrence], named: Occurrence, to: Interval, series: Series) -> Iterable[Planned]:
    """The named one exactly as it was given, the others on the wall as that."""
    zone = zone_of(series.pattern.anchor_zone)
    begins, ends = wall_of(to.start, zone), wall_of(to.end, zone)
    if ends <= begins:
        raise IntervalInvalid
    days = begins.date() - wall_of(named.booking.interval.start, zone).date()
    for each in picked:
        if each is named:
            yield Planned(each.index, begins, ends, zone, to)
            continue
        day = wall_of(each.booking.interval.start, zone).date() + days
        yield placed_at(each.index, datetime.combine(day, begins.time()), ends - begins, zone)


def drawn(aimed: Iterable[Aim], under: Mapping[str, Circumstances]) -> list[Share]:
    """What all that is to move will draw, from each pool once."""
    return merged(
        share
        for each in aimed
        if each.moves and each.planned.interval
        for share in under[each.resource].quota(each.planned.interval)
    )


def occupied(aimed: Iterable[Aim], under: Mapping[str, Circumstances]) -> list[str]:
    """Every granule of what is to move."""
    return [
        claim
        for each in aimed
        if each.moves and each.planned.interval
        for claim in under[each.resource].resource.claims(each.planned.interval)
    ]

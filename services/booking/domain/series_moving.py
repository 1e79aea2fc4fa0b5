"""Another time, place or other words for one time of a series, those that follow, or all that are still to come.

Each is changed as a booking is, all or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.claims import QUOTA, of_quota, units_of
from services.booking.domain.events import Word
from services.booking.domain.moving import Move, move, reword
from services.booking.domain.refusals import BookingRefused
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted
from services.booking.domain.series import Occurrence, Series
from services.booking.domain.series_aiming import Aim, SeriesMove, aims
from services.booking.domain.series_events import SeriesChanged
from services.booking.domain.series_placing import MOST_CLAIMS, Judged, SeriesDecided, Taken, refusal_of
from services.booking.domain.series_refusals import OccurrencesOverlap, SeriesTooLong
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval


@dataclass(frozen=True, slots=True)
class Grounds:
    """What it is judged by: the rules for each resource, the units that are free, who else is in the way."""

    under: Mapping[str, Circumstances]
    free: FreeUnits
    taken: Taken = field(default_factory=Taken)


def change(series: Series, to: SeriesMove, now: Grounds, *, at: datetime, chance: Random) -> SeriesDecided:
    """All or nothing, each judged like a new wish with nothing of the series in its way but what stays.

    Raises what `aims` and `move` do, OccurrencesOverlap, SeriesTooLong; SeriesRefused, SeriesTaken with the index of
    each time that cannot be. Whether it is free in truth, the write will tell.
    """
    aimed = aims(series, to, at)
    given_back = {claim for each in aimed if each.moves and not _keeps(each, to, at) for claim in each.booking.claims}
    kept = {*series.claims} - given_back
    # What is free is remembered, so a unit that stays with another time of this series may seem to be.
    left = {
        prefix: {*units} - units_of(kept, prefix) | units_of(given_back, prefix) for prefix, units in now.free.items()
    }
    judged = [_judged(each, to, now, left, at=at, chance=chance) for each in aimed]
    if refused := [each for each in judged if not each.booking]:
        raise refusal_of(refused, aimed[0].booking.time_zone)
    changed = {each.planned.index: each.booking for each in judged if each.booking}
    after = replace(
        series,
        occurrences=tuple(replace(each, booking=changed.get(each.index, each.booking)) for each in series.occurrences),
    )
    _check_claims(after, changed)
    return _told(series, after)


def _keeps(aim: Aim, to: SeriesMove, at: datetime) -> bool:
    """Whether what it has drawn stays with it: under way, or too late for its hours to be given back."""
    booking = aim.booking
    late = booking.cancel_by is not None and booking.cancel_by <= at and not to.by_house
    return late or booking.interval.start <= at


def _judged(
    aim: Aim, to: SeriesMove, now: Grounds, left: dict[str, set[int]], *, at: datetime, chance: Random
) -> Judged:
    booking, planned, under = aim.booking, aim.planned, now.under[aim.resource]
    if planned.interval is None:
        return Judged(planned, broken=[planned.skipped_by_the_clocks])
    purpose = booking.purpose if to.purpose is None else to.purpose or None
    attendees = to.attendees or booking.attendees
    wanted = Wanted(planned.interval, booking.booked_by, booking.booked_for, purpose, attendees)
    claims = under.resource.claims(planned.interval)
    conflicts = now.taken.in_the_way(aim.resource, planned.interval, claims) if aim.moves else []
    try:
        done = _done(aim, Move(wanted, under, to.by_house), left, keeps=_keeps(aim, to, at), at=at, chance=chance)
    except BookingRefused as refused:
        return Judged(planned, broken=refused.violations, conflicts=conflicts)
    for prefix, units in left.items():
        units.difference_update(units_of(of_quota(done.state.claims), prefix))
    return Judged(planned, conflicts=conflicts) if conflicts else Judged(planned, done.state)


def _done(aim: Aim, to: Move, left: FreeUnits, *, keeps: bool, at: datetime, chance: Random) -> Decided:
    if not aim.moves:
        return reword(aim.booking, to.wanted, to.under.resource, at=at)
    others = tuple(claim for claim in aim.booking.claims if not claim.startswith(QUOTA))
    light = aim.booking if keeps else replace(aim.booking, claims=others)
    return move(light, to, left, at=at, chance=chance)


def _check_claims(after: Series, changed: Mapping[int, Booking]) -> None:
    seen = {claim for each in after.occurrences if each.index not in changed for claim in each.booking.claims}
    for index, booking in changed.items():
        if not seen.isdisjoint(booking.claims):
            raise OccurrencesOverlap(index=index)
        seen.update(booking.claims)
    if len(seen) > MOST_CLAIMS:
        raise SeriesTooLong(limit=MOST_CLAIMS, claims=len(seen))


def _told(before: Series, after: Series) -> SeriesDecided:
    pairs = [(was, now) for was, now in zip(before.occurrences, after.occurrences, strict=True) if was != now]
    if not pairs:
        return Decision(before)
    words: dict[Word, bool] = {
        "purpose": any(was.booking.purpose != now.booking.purpose for was, now in pairs),
        "attendees": any(was.booking.attendees != now.booking.attendees for was, now in pairs),
    }
    moved = tuple(was for was, now in pairs if _place(was) != _place(now))
    changed = tuple(name for name, differs in words.items() if differs)
    return Decision(after, [SeriesChanged(after, tuple(now.index for _, now in pairs), moved, changed)])


def _place(each: Occurrence) -> tuple[str, Interval]:
    return each.booking.resource, each.booking.interval

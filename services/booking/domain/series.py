"""Bookings that repeat by one rule: one document with the claims of all of them.

Each of its times is a booking, judged and changed by a booking's own rules; this says what they are together. How one
begins is in `series_placing`, what becomes of it in `series_settling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.booking.domain.booking import Booking
from services.booking.domain.claims import of_place
from services.booking.domain.occurring import Planned
from services.booking.domain.series_refusals import OccurrencesOverlap
from services.booking.domain.status import OPEN, Status
from shared.kernel.text import Text

SETTLE = "series"
"""The kind of timer: a time of it is over, or was not approved in time."""
STANDS = frozenset({*OPEN, Status.CONFIRMED, Status.CHECKED_IN})
_AS_A_WHOLE = (
    (frozenset(OPEN), Status.PENDING),
    (frozenset({Status.CONFIRMED, Status.CHECKED_IN}), Status.CONFIRMED),
    (frozenset({Status.COMPLETED, Status.NO_SHOW}), Status.COMPLETED),
    (frozenset({Status.EXPIRED}), Status.EXPIRED),
)


class OnConflict(StrEnum):
    """All or nothing; or without what cannot be booked."""

    REFUSE = "refuse"
    SKIP = "skip"


_ATTENDED = frozenset({Status.CHECKED_IN, Status.COMPLETED, Status.NO_SHOW})
STRIKES = 3
"""So many no-shows in a row end a series."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """How it repeats, the rule as it was given, and what is done where it cannot."""

    recurrence: str
    anchor_zone: str
    on_conflict: OnConflict


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of a series. `index` counts the times of the rule from 0, those that were skipped too."""

    index: int
    booking: Booking

    @property
    def stands(self) -> bool:
        return self.booking.status in STANDS

    @property
    def due(self) -> datetime | None:
        """When the clock has to look at it next: for what a booking is looked at, and at its end."""
        if not self.stands:
            return None
        sooner = self.booking.due
        return min(sooner[0], self.booking.interval.end) if sooner else self.booking.interval.end


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing is booked at that time; `reason` is the code of the violation that says why, `text` what it says."""

    planned: Planned
    reason: str
    text: Text


@dataclass(frozen=True, slots=True)
class Series:
    """`occurrences` are in order of `index`, at least one; whose it is, each of them tells."""

    id: str
    pattern: Pattern
    occurrences: Sequence[Occurrence]
    skipped: Sequence[Skipped] = ()

    @property
    def bookings(self) -> list[Booking]:
        return [each.booking for each in self.occurrences]

    @property
    def last(self) -> Booking:
        """The one in time that stands, else of all: how far it reaches, whatever was moved where."""
        standing = [each.booking for each in self.occurrences if each.stands]
        return max(standing or self.bookings, key=lambda each: each.interval)

    @property
    def status(self) -> Status:
        """As a whole: what the least settled of its times is."""
        found = {each.status for each in self.bookings}
        return next((status for some, status in _AS_A_WHOLE if found & some), Status.CANCELLED)

    @property
    def struck_out(self) -> bool:
        """Whether nobody came to the last times it had, too often in a row, and nobody has forgiven one of them."""
        attended = sorted((each for each in self.bookings if each.status in _ATTENDED), key=lambda b: b.interval)
        last = attended[-STRIKES:]
        return len(last) == STRIKES and all(each.strike and each.strike.forgiven_at is None for each in last)

    def with_one(self, index: int, booking: Booking) -> Series:
        """Itself, that time of it changed. Raises OccurrencesOverlap where it would meet another."""
        changed = tuple(replace(each, booking=booking) if each.index == index else each for each in self.occurrences)
        after = replace(self, occurrences=changed)
        if len(set(places := of_place(after.claims))) != len(places):
            raise OccurrencesOverlap(index=index)
        return after

    @property
    def claims(self) -> list[str]:
        return [claim for each in self.bookings for claim in each.claims]

    @property
    def due(self) -> tuple[datetime, str] | None:
        """When the clock has to look at it next: a function of what it is, so never out of step."""
        at = min((each.due for each in self.occurrences if each.due), default=None)
        return None if at is None else (at, SETTLE)

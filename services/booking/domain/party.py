"""For whom a booking is made: an organization and a person of it, as our copies know them at the date of use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from services.booking.domain.violations import (
    MembershipEndsBeforeUse,
    MembershipNotActive,
    MembershipStartsAfterUse,
    Violation,
)
from shared.kernel.interval import Interval
from shared.kernel.time import start_of_day, zone_of

DAY = timedelta(days=1)
JUDGED_BY_DATES = frozenset({"active", "expired"})


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day of validity, both included."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Party:
    """The organization `id`, and who of it uses the booking.

    Days of membership, both included, are days of `home_zone`: a Tokyo 31 March ends at 11:00 in New York. `periods`
    are in order; one that begins the day after another ends goes on with it.
    """

    id: str
    person: str
    kind: str
    status: str
    home_zone: str
    periods: tuple[Period, ...]
    keeps_bookings: bool = True

    @property
    def keeps_bookings_though_suspended(self) -> bool:
        """It makes no new ones, but those it has wait for the suspension to be lifted."""
        return self.status == "suspended" and self.keeps_bookings

    def refusals_over(self, use: Interval) -> Iterator[Violation]:
        """Why its membership does not cover all of `use`."""
        if self.status not in JUDGED_BY_DATES or not self.periods:
            yield MembershipNotActive(limit="active", requested=self.status)
            return
        runs = self._runs()
        run, valid = next((each for each in runs if use.start < each[1].end), runs[-1])
        if use.start < valid.start:
            yield MembershipStartsAfterUse(limit=str(run.starts_on))
        if use.end > valid.end:
            yield MembershipEndsBeforeUse(limit=str(run.ends_on))

    def is_member_during(self, use: Interval) -> bool:
        """Whether its membership covers any of `use`."""
        return self.status in JUDGED_BY_DATES and any(use.overlaps(valid) for _, valid in self._runs())

    def _runs(self) -> list[tuple[Period, Interval]]:
        """Periods without a day between as one, each with its instants."""
        runs: list[Period] = []
        for each in self.periods:
            goes_on = bool(runs) and runs[-1].ends_on + DAY == each.starts_on
            runs.append(Period(runs.pop().starts_on, each.ends_on) if goes_on else each)
        zone = zone_of(self.home_zone)
        return [
            (run, Interval(start_of_day(run.starts_on, zone), start_of_day(run.ends_on + DAY, zone))) for run in runs
        ]

"""For whom a booking is made: an organization and a person of it, as our copies know them at the date of use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.booking.domain.violations import (
    MembershipEndsBeforeUse,
    MembershipNotActive,
    MembershipStartsAfterUse,
    Violation,
)
from shared.kernel.interval import Interval
from shared.kernel.time import start_of_day, zone_of

JUDGED_BY_DATES = frozenset({"active", "expired"})


@dataclass(frozen=True, slots=True)
class Party:
    """The organization `id`, and who of it uses the booking.

    Days of membership, both included, are days of `home_zone`: a Tokyo 31 March ends at 11:00 in New York.
    """

    id: str
    person: str
    kind: str
    status: str
    home_zone: str
    starts_on: date | None
    ends_on: date | None

    @property
    def membership(self) -> tuple[datetime, datetime] | None:
        """First instant, and the first one after."""
        if self.starts_on is None or self.ends_on is None:
            return None
        zone = zone_of(self.home_zone)
        return start_of_day(self.starts_on, zone), start_of_day(self.ends_on + timedelta(days=1), zone)

    def refusals_over(self, use: Interval) -> Iterator[Violation]:
        """Why its membership does not cover all of `use`."""
        if self.status not in JUDGED_BY_DATES or not (valid := self.membership):
            yield MembershipNotActive(limit="active", requested=self.status)
            return
        if use.start < valid[0]:
            yield MembershipStartsAfterUse(limit=str(self.starts_on))
        if use.end > valid[1]:
            yield MembershipEndsBeforeUse(limit=str(self.ends_on))

    def is_member_during(self, use: Interval) -> bool:
        """Whether its membership covers any of `use`."""
        if self.status not in JUDGED_BY_DATES or not (valid := self.membership):
            return False
        return use.start < valid[1] and valid[0] < use.end

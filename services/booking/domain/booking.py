"""One party's right to one resource over `[start, end)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from random import Random

from services.booking.domain.events import BookingCancelled, BookingEvent, BookingPlaced
from services.booking.domain.refusals import BookingRefused, NotCancellable, NotConfirmable, TooLate
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted, over_quota, violations
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval
from shared.kernel.text import Text


class Status(StrEnum):
    """`cancelled` and what follows hold no claims; the others occupy their resource."""

    HELD = "held"
    PROVISIONAL = "provisional"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NO_SHOW = "no_show"


CANCELLABLE = frozenset({Status.HELD, Status.PROVISIONAL, Status.PENDING, Status.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Booking:
    """`resource_name`, `time_zone` and `policy` are frozen as they were when it was placed."""

    id: str
    site: str
    resource: str
    resource_name: Text
    time_zone: str
    interval: Interval
    status: Status
    organization: str
    booked_by: str
    booked_for: str
    policy: str
    purpose: str | None = None
    attendees: int | None = None
    claims: Sequence[str] = ()

    @classmethod
    def place(
        cls, booking_id: str, wanted: Wanted, under: Circumstances, free: FreeUnits, *, at: datetime, chance: Random
    ) -> Decision[Booking, BookingEvent]:
        """Raises BookingRefused with every rule that says no. Whether the slot is free, the write will tell."""
        shares = under.quota(wanted.interval)
        broken = [*violations(wanted, under, at), *over_quota(shares, free, under.site.zone)]
        if broken:
            raise BookingRefused(broken)
        quota = [claim for share in shares for claim in share.claims(free[share.prefix], chance)]
        booking = cls(
            id=booking_id,
            site=under.site.id,
            resource=under.resource.id,
            resource_name=under.resource.name,
            time_zone=under.site.time_zone,
            interval=wanted.interval,
            status=Status.CONFIRMED,
            organization=under.party.id,
            booked_by=wanted.booked_by,
            booked_for=wanted.booked_for,
            policy=under.policy.version,
            purpose=wanted.purpose,
            attendees=wanted.attendees,
            claims=(*under.resource.claims(wanted.interval), *quota),
        )
        return Decision(booking, [BookingPlaced(booking)])

    def confirm(self) -> Decision[Booking, BookingEvent]:
        """A confirmed booking stays as it is. Raises NotConfirmable for any other."""
        if self.status is not Status.CONFIRMED:
            raise NotConfirmable(status=self.status.value)
        return Decision(self)

    def cancel(self, *, at: datetime) -> Decision[Booking, BookingEvent]:
        """Give back time and quota; cancelled already: no change. Raises TooLate from its start on, NotCancellable."""
        if self.status is Status.CANCELLED:
            return Decision(self)
        if self.status not in CANCELLABLE:
            raise NotCancellable(status=self.status.value)
        if self.interval.start <= at:
            raise TooLate
        cancelled = replace(self, status=Status.CANCELLED, claims=())
        return Decision(cancelled, [BookingCancelled(cancelled)])

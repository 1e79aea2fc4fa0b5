"""One party's right to one resource over `[start, end)`: what it is, and how it begins.

What becomes of it is beside: `settling` by people, `lapsing` by the clock, `attendance` by who comes and who does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from services.booking.domain.deadlines import cutoff, deadline, door, reminder
from services.booking.domain.events import BookingEvent, BookingPlaced
from services.booking.domain.holding import hold_claims, too_many_holds
from services.booking.domain.refusals import BookingRefused
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted, over_quota, violations
from services.booking.domain.status import OPEN, Status, first
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval
from shared.kernel.text import Text

Decided = Decision["Booking", BookingEvent]
EXPIRE, REMIND, NO_SHOW, COMPLETE = "expire", "remind", "no_show", "complete"
"""The kinds of timers: end what nobody settled; say that the deadline is near; cut what nobody came to; it is over."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Noted of `member`, who did not come; it counts until somebody of the house has forgiven it."""

    member: str
    at: datetime
    forgiven_by: str | None = None
    forgiven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """`resource_name`, `time_zone` and `needs_approval` are frozen as they were when it was placed or moved, and so are
    the versions of what it was judged by: `policy` of the rights, `resource_version` of the resource (0: not noted).

    An open one has `expires_at`, by which it has to be settled, and perhaps `remind_at`. Until `cancel_by` (None: its
    start) cancelling gives its hours back. `reason` is what was said when it was approved, rejected or cancelled.
    `former` are those who made or held it and have left. `forfeited` are the units of quota among its claims that it
    had drawn when its own people moved it too late: only the house gives them back.

    `check_in_from` and `check_in_until` are there where it has to be checked in. `booked_until` is the end it had until
    it was cut as a no-show. `visible`: whom it is for is there, and chose to be seen. `waitlist` is the entry of the
    waiting list it was offered to. `strike` is there while it is a no-show.
    """

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
    needs_approval: bool = False
    expires_at: datetime | None = None
    remind_at: datetime | None = None
    challenged: bool = False
    cancel_by: datetime | None = None
    reason: str | None = None
    former: Sequence[str] = ()
    check_in_from: datetime | None = None
    check_in_until: datetime | None = None
    checked_in_at: datetime | None = None
    booked_until: datetime | None = None
    visible: bool = False
    waitlist: str | None = None
    strike: Strike | None = None
    resource_version: int = 0
    forfeited: Sequence[str] = ()

    @classmethod
    def place(
        cls, booking_id: str, wanted: Wanted, under: Circumstances, free: FreeUnits, *, at: datetime, chance: Random
    ) -> Decided:
        """Raises BookingRefused with every rule that says no. Whether the slot is free, the write will tell."""
        shares = under.quota(wanted.interval)
        broken = [
            *violations(wanted, under, at),
            *over_quota(shares, free, under.site.zone),
            *too_many_holds(wanted, free),
        ]
        if broken:
            raise BookingRefused(broken)
        quota = [claim for share in shares for claim in share.claims(free[share.prefix], chance)]
        needs_approval = under.needs_approval
        status = first(wanted.mode, needs_approval=needs_approval)
        expires_at = deadline(status, wanted.interval, under, at)
        check_in_from, check_in_until = door(wanted.interval, under.resource)
        booking = cls(
            id=booking_id,
            site=under.site.id,
            resource=under.resource.id,
            resource_name=under.resource.name,
            time_zone=under.site.time_zone,
            interval=wanted.interval,
            status=status,
            organization=under.party.id,
            booked_by=wanted.booked_by,
            booked_for=wanted.booked_for,
            policy=under.policy.version,
            purpose=wanted.purpose,
            attendees=wanted.attendees,
            claims=(*under.resource.claims(wanted.interval), *quota, *hold_claims(wanted, free, chance)),
            needs_approval=needs_approval,
            expires_at=expires_at,
            remind_at=reminder(status, expires_at, at),
            cancel_by=cutoff(wanted.interval, under.resource),
            check_in_from=check_in_from,
            check_in_until=check_in_until,
            resource_version=under.resource.version,
        )
        if status is Status.CONFIRMED:
            booking = booking.certain(at=at)
        return Decision(booking, [BookingPlaced(booking)])

    @property
    def due(self) -> tuple[datetime, str] | None:
        """When the clock has to look at it next, and for what: a function of what it is, so never out of step."""
        absent_at = self.check_in_until if self.status is Status.CONFIRMED else None
        over_at = self.interval.end if self.status is Status.CHECKED_IN else None
        timers = ((self.remind_at, REMIND), (self.expires_at, EXPIRE), (absent_at, NO_SHOW), (over_at, COMPLETE))
        return min(((at, kind) for at, kind in timers if at is not None), default=None)

    @property
    def parties(self) -> tuple[str, ...]:
        """The members whose it is."""
        return tuple(dict.fromkeys(each for each in (self.booked_by, self.booked_for) if each not in self.former))

    def lapsed(self, at: datetime) -> bool:
        """Over, whether or not its timer has got to it."""
        return self.status in OPEN and self.expires_at is not None and self.expires_at <= at

    def absent(self, at: datetime) -> bool:
        """Nobody came in time, whether or not its timer has got to it."""
        return self.status is Status.CONFIRMED and self.check_in_until is not None and self.check_in_until <= at

    def certain(self, *, at: datetime) -> Booking:
        """Confirmed by its people; so close to its start that they may be there already, checked in by that alone."""
        if self.check_in_from is None or at < self.check_in_from:
            return replace(self, status=Status.CONFIRMED)
        return replace(self, status=Status.CHECKED_IN, checked_in_at=at)

    def become(
        self, status: Status, *, claims: Sequence[str], expires_at: datetime | None = None, reason: str | None = None
    ) -> Booking:
        """Itself in another state, with these claims and no timer but this deadline's."""
        new = replace(self, status=status, claims=tuple(claims), expires_at=expires_at, remind_at=None, reason=reason)
        if self.forfeited:
            new = replace(new, forfeited=tuple(claim for claim in self.forfeited if claim in new.claims))
        return replace(new, visible=False) if self.visible else new

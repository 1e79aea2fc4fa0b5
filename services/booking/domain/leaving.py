"""What becomes of a coming booking when a person leaves its organization, or the organization's membership ends.

Never silently: each outcome is an event that says why, and who beside its parties is told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.events import BookingCancelled, BookingHandedOver
from services.booking.domain.party import Party
from services.booking.domain.status import CANCEL, Status
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval


class Why(StrEnum):
    """Why the clock or another service, and none of its parties, ended or moved a booking."""

    MEMBER_LEFT = "member-left"
    MEMBERSHIP_ENDED = "membership-ended"
    ORGANIZATION_LEFT = "organization-left"
    ORGANIZATION_SUSPENDED = "organization-suspended"


_BY_STATUS = {"left": Why.ORGANIZATION_LEFT, "suspended": Why.ORGANIZATION_SUSPENDED}


@dataclass(frozen=True, slots=True)
class Successors:
    """`heir` takes over what was booked for who leaves; None: it is cancelled. `admins` are told in any case."""

    heir: str | None
    admins: tuple[str, ...] = ()


def heir_of(leaver: str, wished: str | None, admins: Collection[str]) -> str | None:
    """The one the organization named, if they are still there; else the first of its admins, by id."""
    if wished is not None and wished != leaver:
        return wished
    return min((each for each in admins if each != leaver), default=None)


def without(booking: Booking, leaver: str, successors: Successors, *, at: datetime) -> Decided:
    """Goes on without `leaver`: what they made for somebody passes to that person, what was made for them to the heir.

    A hold is minutes long and simply ends, but not what is offered to somebody else who waits. What has begun, is over,
    or is not theirs stays as it is.
    """
    if not _is_coming(booking, at) or leaver not in booking.parties:
        return Decision(booking)
    theirs = booking.booked_for == leaver
    heir = successors.heir if theirs else booking.booked_for
    ends = booking.status is Status.HELD and (theirs or booking.waitlist is None)
    if heir is None or ends:
        return _cancelled(booking, Why.MEMBER_LEFT, successors.admins)
    former = tuple(each for each in (*booking.former, leaver) if each != heir)
    seen = booking.visible and booking.booked_for == heir
    handed = replace(booking, booked_for=heir, former=former, visible=seen)
    return Decision(handed, [BookingHandedOver(handed, leaver, Why.MEMBER_LEFT.value, successors.admins)])


def under_membership(booking: Booking, party: Party, admins: tuple[str, ...], *, at: datetime) -> Decided:
    """Stays where the membership covers it; while its suspended organization may hope to be resumed, all stay."""
    why = uncovered(booking.interval, party)
    return _cancelled(booking, why, admins) if why is not None and _is_coming(booking, at) else Decision(booking)


def uncovered(use: Interval, party: Party) -> Why | None:
    """Why a membership no longer covers what it was meant for; None where it does, or may hope to."""
    if party.keeps_bookings_though_suspended or not any(party.refusals_over(use)):
        return None
    return _BY_STATUS.get(party.status, Why.MEMBERSHIP_ENDED)


def _is_coming(booking: Booking, at: datetime) -> bool:
    return booking.status in CANCEL.of and booking.interval.start > at


def _cancelled(booking: Booking, why: Why, tell: tuple[str, ...]) -> Decided:
    cancelled = booking.become(Status.CANCELLED, claims=())
    return Decision(cancelled, [BookingCancelled(cancelled, booking.status, why=why.value, tell=tell)])

"""What happened, in the domain's words; `publish.py` says it in the published language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from services.booking.domain.booking import Booking
    from services.booking.domain.status import Status
    from services.booking.domain.waiting import Entry
    from shared.kernel.interval import Interval

Word = Literal["purpose", "attendees"]


@dataclass(frozen=True, slots=True)
class SiteDefined:
    id: str


@dataclass(frozen=True, slots=True)
class ResourceDefined:
    site: str
    id: str


@dataclass(frozen=True, slots=True)
class BookingPlaced:
    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingSubmitted:
    """Its holder wants it for certain; staff have still to approve it. `before` is what it was until now."""

    booking: Booking
    before: Status


@dataclass(frozen=True, slots=True)
class BookingConfirmed:
    booking: Booking
    before: Status


@dataclass(frozen=True, slots=True)
class BookingCancelled:
    """`debit_kept`: the hours it drew are not given back. `why`: neither its parties nor staff did it; then `tell` hear
    of it too.
    """

    booking: Booking
    before: Status
    rejected: bool = False
    debit_kept: bool = False
    why: str | None = None
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BookingHandedOver:
    """It goes on without `leaver`, for `booking.booked_for`; `tell` are who hear of it beside those two."""

    booking: Booking
    leaver: str
    why: str
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BookingExpired:
    booking: Booking
    before: Status


@dataclass(frozen=True, slots=True)
class BookingReminded:
    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingChallenged:
    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingMoved:
    """Its time or place is another; its words perhaps too. `before` is how it stood. `why`: nobody asked for it."""

    booking: Booking
    before: Booking
    why: str | None = None


@dataclass(frozen=True, slots=True)
class BookingChanged:
    """Only words: `changed` names them."""

    booking: Booking
    changed: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class StrikeForgiven:
    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingRedacted:
    """What people wrote into it is gone."""

    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingCheckedIn:
    """`regained`: it had been cut as a no-show, and occupies that again."""

    booking: Booking
    regained: Interval | None = None


@dataclass(frozen=True, slots=True)
class PresenceChosen:
    """Who is there wants to be seen, or does not any more."""

    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingCheckedOut:
    """`freed`: what it no longer occupies, cleaning up included."""

    booking: Booking
    freed: Interval | None


@dataclass(frozen=True, slots=True)
class BookingCompleted:
    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingNoShow:
    """Nobody came; `until` it was booked. `freed`: what it no longer occupies, cleaning up included."""

    booking: Booking
    until: datetime
    freed: Interval | None


Told = (
    BookingPlaced
    | BookingSubmitted
    | BookingConfirmed
    | BookingCancelled
    | BookingHandedOver
    | BookingExpired
    | BookingReminded
    | BookingChallenged
    | BookingMoved
    | BookingChanged
    | BookingCheckedIn
    | BookingCheckedOut
    | BookingCompleted
    | BookingNoShow
    | PresenceChosen
    | StrikeForgiven
)
"""What is told with the gist of the booking, for those who mail about it."""
BookingEvent = Told | BookingRedacted


@dataclass(frozen=True, slots=True)
class WaitlistJoined:
    entry: Entry


@dataclass(frozen=True, slots=True)
class WaitlistOffered:
    entry: Entry


@dataclass(frozen=True, slots=True)
class WaitlistMoved:
    """What is waited for is at other instants than `before`; nobody asked for it."""

    entry: Entry
    before: Interval
    why: str


@dataclass(frozen=True, slots=True)
class WaitlistEnded:
    entry: Entry


WaitlistEvent = WaitlistJoined | WaitlistOffered | WaitlistMoved | WaitlistEnded

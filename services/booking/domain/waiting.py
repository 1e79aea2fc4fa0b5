"""An entry of the waiting list: who waits for which range of which resource or kind, and what becomes of it.

The order among those who wait is beside (`line`), and so is what is offered to them (`offering`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.booking.domain.booking import Booking
from services.booking.domain.entitlement import Reason
from services.booking.domain.events import WaitlistEnded, WaitlistEvent, WaitlistJoined, WaitlistOffered
from services.booking.domain.resource import Kind
from services.booking.domain.status import Status
from services.booking.domain.waiting_refusals import NotOffered, OfferAccepted, OfferOver
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval
from shared.kernel.text import Text

LOOK, ANSWER = "look", "answer"
"""The kinds of timers: look for freed time again; the offer's time is up."""
SLOTS = frozenset(range(1, 6))
"""Of one person at one site: nobody waits for more than five things at a time."""
_SOON, _LATEST, _PER_STEP = timedelta(seconds=15), timedelta(minutes=5), 20


class Standing(StrEnum):
    """The first two are open; an offer that was not accepted ends the turn, and with it the entry."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_ANSWERED = {
    Status.PENDING: Standing.ACCEPTED,
    Status.CONFIRMED: Standing.ACCEPTED,
    Status.CHECKED_IN: Standing.ACCEPTED,
    Status.COMPLETED: Standing.ACCEPTED,
    Status.NO_SHOW: Standing.ACCEPTED,
    Status.CANCELLED: Standing.DECLINED,
    Status.EXPIRED: Standing.LAPSED,
}
"""What the state of the booking that is offered says of the entry."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The booking that is held for who waits, until `expires_at`."""

    booking: str
    resource: str
    resource_name: Text
    offered_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Skipped:
    """When somebody else was asked before, and why."""

    at: datetime
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Waits for `resource`, or for any of its `kind`. `ticket` is the place in the site's line, never a time.

    `organization_kind` is as it was when joining. While it is open its `slot` of the person's five is taken, and its
    `purpose` kept. `look_at` is when it looks for freed time by itself. `because`: who waited left, or their
    organization's membership ended.
    """

    id: str
    site: str
    time_zone: str
    interval: Interval
    ticket: int
    organization: str
    organization_kind: str
    booked_by: str
    booked_for: str
    resource: str | None = None
    resource_name: Text | None = None
    kind: Kind | None = None
    purpose: str | None = None
    attendees: int | None = None
    slot: int = 1
    status: Standing = Standing.WAITING
    offer: Offer | None = None
    skipped: Skipped | None = None
    look_at: datetime | None = None
    because: str | None = None

    @property
    def open(self) -> bool:
        return self.status in (Standing.WAITING, Standing.OFFERED)

    @property
    def parties(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.booked_by, self.booked_for)))

    @property
    def claims(self) -> tuple[str, ...]:
        """One of the person's places in lines, and the wish itself, so that nobody waits twice for the same."""
        if not self.open:
            return ()
        what, when = self.resource or f"any-{self.kind}", self.interval
        wish = f"{self.booked_for}|{what}|{when.start.isoformat()}|{when.end.isoformat()}"
        return f"{slot_prefix(self.booked_for)}{self.slot}", f"{WISH}{wish}"

    @property
    def due(self) -> tuple[datetime, str] | None:
        """When the clock has to look at it next, and for what."""
        if self.status is Standing.OFFERED and self.offer is not None:
            return self.offer.expires_at, ANSWER
        if self.status is Standing.WAITING:
            return min(self.look_at or self.interval.start, self.interval.start), LOOK
        return None

    def join(self) -> WaitlistDecided:
        """The first of its transitions."""
        return Decision(self, [WaitlistJoined(self)])

    def offered(self, held: Booking, *, at: datetime) -> WaitlistDecided:
        """As the booking says that is held for them, noted before or not; no transition for who has gone."""
        if self.status is not Standing.WAITING:
            return self.settled(held.status)
        offer = Offer(held.id, held.resource, held.resource_name, at, held.expires_at or at)
        asked = replace(self, status=Standing.OFFERED, offer=offer, skipped=None, look_at=None)
        return asked.settled(held.status) if held.status in _ANSWERED else Decision(asked, [WaitlistOffered(asked)])

    def settled(self, booking: Status) -> WaitlistDecided:
        """As the booking says that was offered; while that is held, no transition."""
        if self.status is not Standing.OFFERED or booking not in _ANSWERED:
            return Decision(self)
        return self._ended(_ANSWERED[booking])

    def cancel(self, because: str | None = None) -> WaitlistDecided:
        """Gives the place up, for good. Raises OfferAccepted where it has become a booking."""
        if self.status is Standing.ACCEPTED and because is None:
            raise OfferAccepted
        return self._ended(Standing.CANCELLED, because) if self.open else Decision(self)

    def without(self, leaver: str, because: str) -> WaitlistDecided | Entry:
        """Given up with who waited; who merely made it for somebody leaves it to them."""
        if leaver == self.booked_for:
            return self.cancel(because)
        return replace(self, booked_by=self.booked_for, purpose=None) if leaver == self.booked_by else self

    def expire(self, at: datetime) -> WaitlistDecided:
        """What one waits for has begun."""
        if self.status is not Standing.WAITING or self.interval.start > at:
            return Decision(self)
        return self._ended(Standing.EXPIRED)

    def passed_over(self, skipped: Skipped) -> Entry:
        """Keeps its place; the reason is new only where it is another one."""
        if self.status is not Standing.WAITING or (self.skipped and self.skipped.reasons == skipped.reasons):
            return self
        return replace(self, skipped=skipped)

    def looks_again(self, ahead: int, at: datetime) -> Entry:
        """By itself: soon in front, later behind."""
        if self.status is not Standing.WAITING:
            return self
        return replace(self, look_at=at + min(_LATEST, _SOON * (1 + ahead // _PER_STEP)))

    def to_be_answered(self, answer: Standing) -> bool:
        """False where it has that answer already. Raises NotOffered, OfferOver, OfferAccepted."""
        if self.status is Standing.WAITING:
            raise NotOffered
        if self.status is answer:
            return False
        if self.status is Standing.ACCEPTED:
            raise OfferAccepted
        if not self.open:
            raise OfferOver(status=self.status.value)
        return True

    def _ended(self, status: Standing, because: str | None = None) -> WaitlistDecided:
        over = replace(self, status=status, purpose=None, skipped=None, look_at=None, because=because)
        return Decision(over, [WaitlistEnded(over)])


WaitlistDecided = Decision[Entry, WaitlistEvent]
WAIT, WISH = "wait|", "wish|"


def slot_prefix(member: str) -> str:
    """What the claims of one person's places begin with; a number follows."""
    return f"{WAIT}{member}|"

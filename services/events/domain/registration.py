"""A member's seat, or their place in the queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from services.events.domain.seats import claim_of
from services.events.domain.seminar import Mode
from shared.kernel.decision import Decision
from shared.kernel.ids import derived_id
from shared.kernel.refusal import Refusal
from shared.kernel.text import Text

Status = Literal["confirmed", "waiting", "cancelled"]
_SOON = timedelta(seconds=15)
_LATEST = timedelta(minutes=5)
_PER_STEP = 20


class TooLate(Refusal):
    code: ClassVar[str] = "too-late"
    message = Text(ja="開始後は取り消せません。", en="It has begun; a registration can no longer be cancelled.")


@dataclass(frozen=True, slots=True)
class Placed:
    registration: Registration


@dataclass(frozen=True, slots=True)
class Promoted:
    registration: Registration


@dataclass(frozen=True, slots=True)
class Cancelled:
    registration: Registration


RegistrationEvent = Placed | Promoted | Cancelled


@dataclass(frozen=True, slots=True)
class Registration:
    """`seat` is the number held, None where seats are not counted; `ticket` is the place in the queue.

    `seminar_version` is the seminar as they knew it when they came; None where an earlier version of us wrote it.
    """

    id: str
    seminar: str
    site: str
    member: str
    mode: Mode
    status: Status
    since: datetime
    seat: int | None = None
    ticket: int | None = None
    seminar_version: int | None = None

    @property
    def active(self) -> bool:
        return self.status != "cancelled"

    @property
    def claims(self) -> tuple[str, ...]:
        return () if self.seat is None else (claim_of(self.seminar, self.mode, self.seat),)

    def cancelled(self, *, begun: bool) -> Decision[Registration, RegistrationEvent]:
        """Gives up the seat or the place. Raises TooLate once the seminar has begun; again is no transition."""
        if not self.active:
            return Decision(self)
        if begun:
            raise TooLate(registration=self.id)
        gone = replace(self, status="cancelled", seat=None, ticket=None)
        return Decision(gone, [Cancelled(gone)])

    def promoted(self, seat: int | None, waited: Registration) -> Decision[Registration, RegistrationEvent]:
        """A freed seat goes to this one, if it still waits as `waited` did: in the same queue, at the same place."""
        if self.status != "waiting" or (self.mode, self.ticket) != (waited.mode, waited.ticket):
            return Decision(self)
        seated = replace(self, status="confirmed", seat=seat, ticket=None)
        return Decision(seated, [Promoted(seated)])


def registration_id(seminar: str, member: str) -> str:
    """One registration per member and seminar, whatever becomes of it."""
    return derived_id("registration", seminar, member)


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to attend what as of which version, and how."""

    seminar: str
    site: str
    member: str
    mode: Mode
    seminar_version: int

    def seated(self, seat: int | None, *, at: datetime) -> Decision[Registration, RegistrationEvent]:
        """With a seat; None where seats are not counted."""
        return self._placed("confirmed", at, seat, None)

    def queued(self, ticket: int, *, at: datetime) -> Decision[Registration, RegistrationEvent]:
        """Behind everyone with a lower ticket."""
        return self._placed("waiting", at, None, ticket)

    def _placed(
        self, status: Status, at: datetime, seat: int | None, ticket: int | None
    ) -> Decision[Registration, RegistrationEvent]:
        identity = registration_id(self.seminar, self.member)
        made = Registration(
            identity, self.seminar, self.site, self.member, self.mode, status, at, seat, ticket, self.seminar_version
        )
        return Decision(made, [Placed(made)])


def looks_again(ahead: int, at: datetime) -> datetime:
    """When one who waits behind `ahead` others looks for a freed seat by itself: soon in front, later behind."""
    return at + min(_LATEST, _SOON * (1 + ahead // _PER_STEP))

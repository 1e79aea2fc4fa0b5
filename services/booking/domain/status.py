"""The states of a booking and the steps between them: the whole table. What is not in it is refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from services.booking.domain.refusals import (
    NotApprovable,
    NotCancellable,
    NotChangeable,
    NotCheckableIn,
    NotCheckableOut,
    NotConfirmable,
    NotForgivable,
    NotRejectable,
)
from shared.kernel.refusal import Refusal


class Status(StrEnum):
    """The first five occupy their resource; the first three have to be settled by a deadline."""

    HELD = "held"
    PROVISIONAL = "provisional"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NO_SHOW = "no_show"


class Mode(StrEnum):
    """How a booking is asked for: at once, for minutes while a form is filled in, for days (仮予約).

    `OFFER`: nobody asked; it is held for somebody who waits.
    """

    CONFIRM = "confirm"
    HOLD = "hold"
    PROVISIONAL = "provisional"
    OFFER = "offer"


OPEN = (Status.HELD, Status.PROVISIONAL, Status.PENDING)
"""Not settled yet: at its deadline such a booking expires, by the clock alone."""


@dataclass(frozen=True, slots=True)
class Step:
    """From which states it is taken, to which it leads, and the no of every other state."""

    of: tuple[Status, ...]
    to: tuple[Status, ...]
    refusal: type[Refusal]

    def to_be_taken(self, status: Status) -> bool:
        """False where it was taken before: the same state, nothing written. Raises its refusal from anywhere else."""
        if status in self.of:
            return True
        if status in self.to:
            return False
        raise self.refusal(status=status.value)


CONFIRM = Step((Status.HELD, Status.PROVISIONAL), (Status.CONFIRMED, Status.PENDING, Status.CHECKED_IN), NotConfirmable)
APPROVE = Step((Status.PENDING,), (Status.CONFIRMED,), NotApprovable)
REJECT = Step((Status.PENDING,), (Status.CANCELLED,), NotRejectable)
CANCEL = Step((*OPEN, Status.CONFIRMED, Status.CHECKED_IN), (Status.CANCELLED,), NotCancellable)
CHECK_IN = Step((Status.CONFIRMED, Status.NO_SHOW), (Status.CHECKED_IN,), NotCheckableIn)
CHECK_OUT = Step((Status.CHECKED_IN,), (Status.COMPLETED,), NotCheckableOut)
FORGIVE = Step((Status.NO_SHOW,), (), NotForgivable)
CHANGE = Step((*OPEN, Status.CONFIRMED, Status.CHECKED_IN), (), NotChangeable)


def first(mode: Mode, *, needs_approval: bool) -> Status:
    """What a booking begins as; who only keeps a place for now asks for approval when confirming."""
    match mode:
        case Mode.HOLD | Mode.OFFER:
            return Status.HELD
        case Mode.PROVISIONAL:
            return Status.PROVISIONAL
        case Mode.CONFIRM:
            return Status.PENDING if needs_approval else Status.CONFIRMED
        case _:
            assert_never(mode)

"""Who was registered or waiting when something was said about a seminar.

Registrations and seminars arrive over two streams in no common order. So both sides ask the same question,
`hears`: the broadcast of every registration it finds, and a registration of every broadcast already made.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["confirmed", "waiting", "cancelled"]


@dataclass(frozen=True, slots=True)
class Registration:
    """The latest that is known of one member's place in one seminar; `since` is when they came."""

    member: str
    seminar: str
    status: Status
    since: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Said:
    """Something said at the instant `at` to all who were registered for or waiting for a seminar."""

    event: str
    seminar: str
    version: int
    at: datetime


def hears(registration: Registration, said: Said) -> bool:
    """Live, and there before it was said: who came later saw the new state, who has left is not bothered."""
    return registration.seminar == said.seminar and registration.status != "cancelled" and registration.since <= said.at


def contradicted(told: Status, version: int, known: Registration | None) -> bool:
    """Whether telling a member that they are `told` as of `version` would be stale by what is known since."""
    return known is not None and known.sequence > version and known.status != told

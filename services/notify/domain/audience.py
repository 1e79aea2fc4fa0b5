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
    """The latest that is known of one member's place in one seminar.

    `since` is when they came, `seminar_version` the seminar as they knew it then, where that is known.
    """

    member: str
    seminar: str
    status: Status
    since: datetime
    sequence: int
    seminar_version: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Something said at the instant `at` to all who were registered for or waiting for a seminar."""

    event: str
    seminar: str
    version: int
    at: datetime


def hears(registration: Registration, said: Said) -> bool:
    """Live, and came to an earlier version: who came later saw the new state, who has left is not bothered.

    Clocks are compared only where the version is not known: who came while it was being said may be on either side.
    """
    if registration.seminar != said.seminar or registration.status == "cancelled":
        return False
    if registration.seminar_version is None:
        return registration.since <= said.at
    return registration.seminar_version < said.version


def contradicted(told: Status, version: int, known: Registration | None) -> bool:
    """Whether telling a member that they are `told` as of `version` would be stale by what is known since."""
    return known is not None and known.sequence > version and known.status != told

"""Forgetting a person: who asked, which parts of the house have answered, and when all have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.kernel.decision import Decision

PARTS = ("booking", "events", "members", "notify")
"""Whoever keeps anything of a person."""
FRESH_SIGN_IN = timedelta(minutes=15)
"""How old the session may be in which one erases oneself."""


@dataclass(frozen=True, slots=True)
class ErasureAsked:
    member: str


@dataclass(frozen=True, slots=True)
class ErasureCompleted:
    member: str


ErasureEvent = ErasureAsked | ErasureCompleted


@dataclass(frozen=True, slots=True)
class Part:
    """One service's answer; `counts` of what it changed or ended."""

    service: str
    done_at: datetime
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Erasure:
    """`reason` is what the asker wrote, for as long as it runs: it may name whom it is about."""

    member: str
    asked_by: str
    asked_at: datetime
    reason: str | None
    parts: tuple[Part, ...] = ()
    completed_at: datetime | None = None

    @property
    def missing(self) -> frozenset[str]:
        return frozenset(PARTS) - {part.service for part in self.parts}

    def ask(self) -> Decision[Erasure, ErasureEvent]:
        return Decision(self, [ErasureAsked(self.member)])

    def heard(self, part: Part, *, at: datetime) -> Decision[Erasure, ErasureEvent]:
        """A part has answered; the last one completes it. What was heard before changes nothing."""
        if part.service not in self.missing:
            return Decision(self)
        heard = replace(self, parts=tuple(sorted((*self.parts, part), key=lambda each: each.service)))
        if heard.missing:
            return Decision(heard)
        return Decision(replace(heard, reason=None, completed_at=at), [ErasureCompleted(self.member)])

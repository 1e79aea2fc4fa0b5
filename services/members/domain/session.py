"""A session: a chain of refresh tokens, each used once, of which only the newest one's hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.kernel.refusal import Refusal
from shared.kernel.text import Text

GRACE = timedelta(seconds=10)
"""How long a used token still gives its successor: the answer may have been lost."""
IDLE = timedelta(days=14)
LONGEST = timedelta(days=90)
_MOST_ROTATIONS = 20_000
_MOST_RECENT = 32
_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9]{1,5})\.([0-9a-f]{64})")


class SessionEnded(Refusal):
    """Ended, expired, revoked, or never ours: one answer for all."""

    code = "session-ended"
    status = 401
    message = Text(
        ja="セッションが終了しました。再度サインインしてください。", en="The session has ended; sign in again."
    )


class NotYourOrganization(Refusal):
    """A token for an organization the member does not belong to."""

    code = "not-your-organization"
    status = 403
    message = Text(ja="所属していない団体です。", en="You do not belong to that organization.")


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """Each token's secret is the keyed hash of the one before, so a successor can be told again and is kept nowhere."""

    session: str
    generation: int
    secret: str

    @classmethod
    def parse(cls, text: str) -> RefreshToken:
        """Raises SessionEnded."""
        if not (match := _TOKEN.fullmatch(text)):
            raise SessionEnded
        return cls(match[1], int(match[2]), match[3])

    @property
    def text(self) -> str:
        return f"{self.session}.{self.generation}.{self.secret}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def descendant(self, generation: int, pepper: bytes) -> RefreshToken:
        """The token of that later generation, or this one."""
        secret = self.secret
        for _ in range(self.generation, generation):
            secret = hmac.digest(pepper, secret.encode(), "sha256").hex()
        return RefreshToken(self.session, max(generation, self.generation), secret)


@dataclass(frozen=True, slots=True)
class SessionReused:
    """A token used before was used again: somebody has a copy. The session ended `at` that moment."""

    id: str
    member: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Refreshed:
    """`give` is None where a token was used again: the session is revoked in `after`, and nothing is given."""

    after: Session
    give: RefreshToken | None
    events: tuple[SessionReused, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """`digest` and `generation` are those of the newest token; `rotations` the instants of the latest rotations.

    `era` is its member's at the beginning.
    """

    id: str
    member: str
    digest: str
    started_at: datetime
    generation: int = 0
    rotations: tuple[datetime, ...] = ()
    revoked_at: datetime | None = None
    era: int = 0

    @classmethod
    def open(cls, first: RefreshToken, member: str, at: datetime, *, era: int = 0) -> Session:
        return cls(first.session, member, first.digest, at, era=era)

    def refresh(self, token: RefreshToken, pepper: bytes, at: datetime) -> Refreshed:
        """A token used once more within GRACE gives the same successor, later it revokes the session.

        Raises SessionEnded, leaving nothing behind, for a session that is over and a token that never was of it.
        """
        self._check_alive(at)
        if token.generation > self.generation or not self._is_ours(token, pepper):
            raise SessionEnded
        if token.generation == self.generation:
            return self._rotate(token.descendant(self.generation + 1, pepper), at)
        behind = self.generation - token.generation
        if behind <= len(self.rotations) and at - self.rotations[-behind] <= GRACE:
            return Refreshed(self, token.descendant(token.generation + 1, pepper))
        return Refreshed(self.revoke(at), None, (SessionReused(self.id, self.member, at),))

    def revoke(self, at: datetime) -> Session:
        return self if self.revoked_at else replace(self, revoked_at=at)

    def _rotate(self, successor: RefreshToken, at: datetime) -> Refreshed:
        recent = tuple(r for r in self.rotations if at - r <= GRACE)[-_MOST_RECENT:]
        after = replace(self, digest=successor.digest, generation=successor.generation, rotations=(*recent, at))
        return Refreshed(after, successor)

    def _is_ours(self, token: RefreshToken, pepper: bytes) -> bool:
        return hmac.compare_digest(token.descendant(self.generation, pepper).digest, self.digest)

    def _check_alive(self, at: datetime) -> None:
        used_at = self.rotations[-1] if self.rotations else self.started_at
        over = at - used_at >= IDLE or at - self.started_at >= LONGEST or self.generation >= _MOST_ROTATIONS
        if over or self.revoked_at is not None:
            raise SessionEnded

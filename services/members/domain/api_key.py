"""An API key of a program or a site: its secret is told once and kept as a hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from shared.kernel.decision import Decision
from shared.kernel.refusal import Invalid, Refusal
from shared.kernel.text import Text

_BRAND = "lk"
_PREFIX = 8


class UnknownApiKey(Refusal):
    """Not ours, expired, revoked, or its maker is gone: one answer for all."""

    code = "unknown-api-key"
    status = 401
    message = Text(ja="APIキーが無効です。", en="The API key is not valid.")


class ExpiresInThePast(Invalid):
    code = "expires-in-the-past"
    message = Text(ja="有効期限が過去の日時です。", en="The key would have expired already.")


class UnknownScope(Invalid):
    """`known` lists the scopes there are."""

    code = "unknown-scope"
    message = Text(ja="存在しないスコープが指定されています。", en="There is no such scope.")


@dataclass(frozen=True, slots=True)
class ApiKeyCreated:
    id: str


@dataclass(frozen=True, slots=True)
class ApiKeyRevoked:
    id: str


ApiKeyEvent = ApiKeyCreated | ApiKeyRevoked


@dataclass(frozen=True, slots=True)
class Secret:
    """`lk_<8 to tell keys apart>_<43 of 256 bits of chance>`; 256 bits need no slow hash."""

    text: str

    @classmethod
    def of(cls, token: str) -> Secret:
        """From at least 51 URL-safe characters of chance."""
        if len(token) < _PREFIX + 43:
            raise ValueError("too little chance")
        return cls(f"{_BRAND}_{token[:_PREFIX]}_{token[_PREFIX:]}")

    @property
    def prefix(self) -> str:
        return self.text[: len(_BRAND) + 1 + _PREFIX]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`owner` made it; with `site` it acts as that site, else as its owner, for `organization`.

    `era` is its owner's `keys_era` when it was made.
    """

    id: str
    name: str
    prefix: str
    digest: str
    owner: str
    scopes: tuple[str, ...] = ()
    organization: str | None = None
    site: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    era: int = 0

    def create(self, at: datetime, *, known: frozenset[str]) -> Decision[ApiKey, ApiKeyEvent]:
        """`known` are the scopes there are. Raises UnknownScope, ExpiresInThePast."""
        if not known.issuperset(self.scopes):
            raise UnknownScope(known=sorted(known))
        if self.expires_at is not None and self.expires_at <= at:
            raise ExpiresInThePast
        return Decision(self, [ApiKeyCreated(self.id)])

    def revoke(self, at: datetime) -> Decision[ApiKey, ApiKeyEvent]:
        if self.revoked_at is not None:
            return Decision(self)
        return Decision(replace(self, revoked_at=at), [ApiKeyRevoked(self.id)])

    def forget(self, at: datetime) -> Decision[ApiKey, ApiKeyEvent]:
        """Its owner is gone: it opens nothing, and says nothing of what it was for."""
        if not self.digest:
            return Decision(self)
        blank = replace(self, name="", prefix="", digest="", scopes=(), organization=None)
        revoked = blank.revoke(at)
        return Decision(revoked.state, revoked.events)

    def is_valid(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

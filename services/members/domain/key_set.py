"""The keys that sign access tokens: when a new one is published, when it signs, how long the old one is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PUBLISHED_BEFORE_USE = timedelta(minutes=6)
"""Longer than any verifier keeps the key set (KEY_SET_CACHE, five minutes)."""
SHOWN_AFTER_USE = timedelta(minutes=11)
"""Longer than any token lives (TOKEN_LIFETIME, ten minutes, and the verifiers' leeway of half a minute)."""
ROTATED_EVERY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`public` is the x of RFC 8037; `sealed` the private key, encrypted. Signs from `signs_from` on."""

    kid: str
    public: str
    sealed: str
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class KeySet:
    """In the order they sign; never empty."""

    keys: tuple[SigningKey, ...]

    def signing(self, at: datetime) -> SigningKey:
        """The newest whose time has come; with a clock set back, the oldest there is."""
        begun = [key for key in self.keys if key.signs_from <= at]
        return begun[-1] if begun else self.keys[0]

    def is_due(self, at: datetime) -> bool:
        """True when the newest key has signed long enough."""
        return at - self.keys[-1].signs_from >= ROTATED_EVERY

    def rotate(self, fresh: SigningKey, at: datetime) -> KeySet:
        """Shows `fresh` too, drops those whose tokens are all expired. The same set while a new key still waits."""
        if self.keys[-1].signs_from > at:
            return self
        kept = [key for key, after in zip(self.keys, self.keys[1:], strict=False) if at < _gone(after)]
        return KeySet((*kept, self.keys[-1], fresh))

    def shown(self, at: datetime) -> tuple[SigningKey, ...]:
        """Every key a living token may carry, and the next one."""
        old = [key for key, after in zip(self.keys, self.keys[1:], strict=False) if at < _gone(after)]
        return (*old, self.keys[-1])


def _gone(successor: SigningKey) -> datetime:
    return successor.signs_from + SHOWN_AFTER_USE

"""One secret from the settings, one key per purpose from it: what leaks through one use opens no other."""

import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """The service's secret; never shown, never stored."""

    root: bytes = field(repr=False)

    def key(self, purpose: str) -> bytes:
        """32 bytes, the same for a purpose in every replica."""
        return hmac.digest(self.root, purpose.encode(), "sha256")

    def digest(self, purpose: str, *parts: str) -> str:
        """A keyed hash of `parts`, which must not hold a NUL, as hex."""
        return hmac.digest(self.key(purpose), "\0".join(parts).encode(), "sha256").hex()

"""Identifiers: 26 characters of `[0-9a-v]`, safe as a NATS subject token and in a URL."""

import base64
import hashlib
import re
import secrets
from datetime import datetime

ID_PATTERN = re.compile(r"^[A-Za-z0-9_-]{1,64}\Z")


def _text(digest: bytes) -> str:
    return base64.b32hexencode(digest).decode().rstrip("=").lower()


def derived_id(*parts: str) -> str:
    """The same parts always give the same id; each part is length-prefixed, so `("a", "bc")` ≠ `("ab", "c")`."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return _text(digest.digest())


def new_id(at: datetime) -> str:
    """A fresh id that sorts by the instant `at` (ms) it was made: 48 bits of time, 80 of chance."""
    return _text(int(at.timestamp() * 1000).to_bytes(6, "big") + secrets.token_bytes(10))

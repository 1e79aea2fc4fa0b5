"""Signing what others shall be able to check: Ed25519, by a key that follows from a service's own seed.

Not by the nkey itself: with that a client signs whatever a nats-server hands it, so a hostile one could have an anchor
signed.
"""

import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PURPOSE = b"lounge anchors v1"
_SIGNED = b"lounge anchor v1\0"


def key_of(seed: str) -> Ed25519PrivateKey:
    """The same for the same seed; the seed cannot be found from it."""
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(seed.strip().encode(), _PURPOSE, "sha256"))


def public_of(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def signature_of(key: Ed25519PrivateKey, digest: bytes) -> str:
    return key.sign(_SIGNED + digest).hex()


def is_signed(public: str, digest: bytes, signature: str) -> bool:
    """Whether `signature` over `digest` was made by the key whose public half this is; False for any nonsense."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), _SIGNED + digest)
    except (InvalidSignature, ValueError):
        return False
    return True

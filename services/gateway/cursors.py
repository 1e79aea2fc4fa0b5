"""Cursors leave the gateway signed and come back checked (row H24): no service ever reads a forged one."""

import base64
import binascii
import hashlib
import hmac

from services.gateway.refusals import InvalidCursor

_MAC = 12


class Cursors:
    """Signs for one list of one principal: a cursor of another list or person is as good as forged."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sealed(self, cursor: str, *, bound_to: str) -> str:
        """What the client is given for a service's `next`."""
        return base64.urlsafe_b64encode(self._mac(cursor, bound_to) + cursor.encode()).decode().rstrip("=")

    def opened(self, sealed: str, *, bound_to: str) -> str:
        """The service's own cursor. Raises InvalidCursor."""
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
            cursor = raw[_MAC:].decode()
        except (binascii.Error, ValueError):
            raise InvalidCursor from None
        if not hmac.compare_digest(raw[:_MAC], self._mac(cursor, bound_to)):
            raise InvalidCursor
        return cursor

    def _mac(self, cursor: str, bound_to: str) -> bytes:
        text = f"{len(bound_to)}:{bound_to}:{cursor}".encode()
        return hmac.new(self._key, text, hashlib.sha256).digest()[:_MAC]

"""What must be read again but not by who reads the database: sealed with a key made from the service's secret."""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from services.members.store.secret import Secret

_HEADER = {"alg": "dir", "enc": "A256GCM"}


class Seal:
    """AES-256-GCM (RFC 7516), one key per purpose: what was sealed for one use opens for no other."""

    def __init__(self, secret: Secret, purpose: str) -> None:
        self._key = OctKey.import_key(secret.key(purpose))

    def closed(self, fields: Mapping[str, Any]) -> str:
        """Different each time, also for the same fields."""
        return jwe.encrypt_compact(_HEADER, json.dumps(fields).encode(), self._key, algorithms=list(_HEADER.values()))

    def opened(self, sealed: str) -> dict[str, Any]:
        """Raises joserfc's JoseError where another secret sealed it, or another purpose."""
        plain = jwe.decrypt_compact(sealed, self._key, algorithms=list(_HEADER.values())).plaintext
        if plain is None:
            raise JoseError
        return dict(json.loads(plain))

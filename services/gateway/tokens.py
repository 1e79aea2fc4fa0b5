"""Access tokens: verified against the members service's published keys, and never against what a token says of itself.

RFC 8725 and RFC 9068: EdDSA alone, the algorithm pinned to the key; `typ`, `iss`, `aud`, `exp`, `nbf` checked; a key
only by its `kid` from our own set; `jku`, `x5u`, `jwk` and `crit` are refused.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode
from pydantic import ValidationError

from services.gateway.refusals import Unauthenticated
from shared.contracts.members import TOKEN_AUDIENCE, TOKEN_ISSUER
from shared.contracts.message import Principal

LEEWAY = 30
_LONGEST_LIFE = 600
_LONGEST_TOKEN = 4 * 1024
_REFUSED_HEADERS = frozenset({"jku", "x5u", "jwk", "x5c", "crit", "b64"})
_ALGORITHMS = ("EdDSA", "Ed25519")


class UnknownKey(Exception):
    """The token names a key that is not in the set; a newer set may have it."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A verified token: who it speaks for, until when (Unix seconds), and in which session."""

    principal: Principal
    expires: float
    session: str | None


class KeySet:
    """The public keys of one moment."""

    def __init__(self, keys: Sequence[Mapping[str, Any]]) -> None:
        usable = [dict(key) for key in keys if key.get("alg") in _ALGORITHMS and key.get("crv") == "Ed25519"]
        self._keys = {key["kid"]: (key["alg"], OKPKey.import_key(key)) for key in usable}
        self.shown = tuple(usable)
        """As members publishes them: RFC 7517, public parts alone."""

    def __len__(self) -> int:
        return len(self._keys)

    def verify(self, token: str, *, now: float) -> AccessToken:
        """Raises UnknownKey, or Unauthenticated for every other reason."""
        if len(token) > _LONGEST_TOKEN or token.count(".") != 2:
            raise Unauthenticated
        try:
            claims = self._signed(token)
            _check_times(claims, now)
            return _access_token(claims)
        except (JoseError, ValidationError, ValueError, TypeError, KeyError):
            raise Unauthenticated from None

    def _signed(self, token: str) -> dict[str, Any]:
        header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
        if not isinstance(header, dict) or header.get("typ") != "at+jwt" or _REFUSED_HEADERS & header.keys():
            raise Unauthenticated
        if header.get("kid") not in self._keys:
            raise UnknownKey
        algorithm, key = self._keys[header["kid"]]
        if header.get("alg") != algorithm:
            raise Unauthenticated
        with warnings.catch_warnings():
            # RFC 9864 renames EdDSA to Ed25519; the keys are pinned to the name members publishes.
            warnings.simplefilter("ignore", SecurityWarning)
            signed = jws.deserialize_compact(token, key, algorithms=[algorithm])
        claims = orjson.loads(signed.payload)
        if claims["iss"] != TOKEN_ISSUER or claims["aud"] not in (TOKEN_AUDIENCE, [TOKEN_AUDIENCE]):
            raise Unauthenticated
        return dict(claims)


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, not_before, issued = (float(claims[name]) for name in ("exp", "nbf", "iat"))
    if now > expires + LEEWAY or now < not_before - LEEWAY or now < issued - LEEWAY:
        raise Unauthenticated
    if expires - issued > _LONGEST_LIFE:
        raise Unauthenticated


def _access_token(claims: Mapping[str, Any]) -> AccessToken:
    principal = Principal(
        kind="member",
        id=claims["sub"],
        organization=claims["org"],
        organizations=tuple(claims["orgs"]),
        roles=frozenset(claims["roles"]),
        site=claims["site"],
        language=claims["lang"],
    )
    return AccessToken(principal, float(claims["exp"]) + LEEWAY, claims.get("sid"))

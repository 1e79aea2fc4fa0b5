"""The token in which a provider says who signed in: its signature, then every word of it (OpenID Connect Core 3.1.3.7).

An algorithm is one of ours that the provider announced, by a key of its own set that fits it: never `none`, never a
secret that both know. What the header says of keys, beyond naming one, is not looked at.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from joserfc.util import urlsafe_b64decode

from services.members.domain.identity_provider import SignInRefused

Key = RSAKey | ECKey | OKPKey
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
_KINDS: Mapping[str, type[Key]] = {"R": RSAKey, "P": RSAKey, "ES": ECKey, "Ed": OKPKey}
_TYPES = frozenset({None, "jwt"})
_SHORTEST_RSA = 2_048
_LEEWAY = 30
_ISSUED_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Expected:
    """What an identity token must say to be the answer to our question; `access_token` came with it."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: frozenset[str]
    access_token: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What of a token's header matters."""

    algorithm: str
    kid: str | None

    def fitting(self, keys: Iterable[Key]) -> list[Key]:
        """The keys that may have signed it."""
        return [key for key in keys if self._fits(key)]

    def _fits(self, key: Key) -> bool:
        kind = next(kind for prefix, kind in _KINDS.items() if self.algorithm.startswith(prefix))
        said = key.as_dict(private=False)
        return (
            isinstance(key, kind)
            and (self.kid is None or said.get("kid") == self.kid)
            and said.get("use", "sig") == "sig"
            and said.get("alg", self.algorithm) == self.algorithm
        )


def keys_of(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """The public keys of a set that we can use; what is unknown, weak or shared is passed over."""
    found = []
    for each in document.get("keys", ()):
        try:
            key = import_key(each)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, ECKey | OKPKey) or (isinstance(key, RSAKey) and key.public_key.key_size >= _SHORTEST_RSA):
            found.append(key)
    return tuple(found)


def header_of(token: str, expected: Expected) -> Header:
    """Raises SignInRefused for an algorithm or a type that is none of those expected."""
    try:
        header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
        known = algorithm in expected.algorithms and (kind.lower() if kind is not None else None) in _TYPES
    except (ValueError, TypeError, AttributeError):
        raise SignInRefused("identity-token-malformed") from None
    if not known or not isinstance(kid, str | None):
        raise SignInRefused("identity-token-header")
    return Header(algorithm, kid)


def verified(token: str, header: Header, keys: Sequence[Key], expected: Expected, *, at: datetime) -> dict[str, Any]:
    """What it says. Raises SignInRefused."""
    fitting = header.fitting(keys)
    if len(fitting) != 1:
        raise SignInRefused("identity-token-key")
    try:
        with warnings.catch_warnings():
            # RFC 9864 renames EdDSA; providers of today announce it under that name
            warnings.simplefilter("ignore", SecurityWarning)
            signed = jws.deserialize_compact(token, fitting[0], algorithms=[header.algorithm])
        claims = CodeIDToken(orjson.loads(signed.payload), {"alg": header.algorithm}, _options(expected), _of(expected))
        claims.validate(now=int(at.timestamp()), leeway=_LEEWAY)
        old = at.timestamp() - claims["iat"] > _ISSUED_WITHIN.total_seconds()
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignInRefused(f"identity-token-{type(error).__name__}") from None
    if old or not isinstance(claims["sub"], str):
        raise SignInRefused("identity-token-old" if old else "identity-token-subject")
    return dict(claims)


def _options(expected: Expected) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
        "nonce": {"essential": True, "value": expected.nonce},
    }


def _of(expected: Expected) -> dict[str, Any]:
    return {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token}

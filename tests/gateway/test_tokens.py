"""Rows A1 and A2: what is not a good access token of ours gets the one 401, whatever is wrong with it."""

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey
from joserfc.util import urlsafe_b64encode

from shared.contracts.booking import ListBookings
from shared.contracts.members import TOKEN_AUDIENCE, TOKEN_ISSUER
from shared.kit.clock import SystemClock
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import KEY, KID, FakeServices, token
from tests.support.eventually import eventually

OTHER = OKPKey.generate_key("Ed25519")
SPARE_BITS = "AQgw"
"""How the 86 characters of a signature may end; each of them stands for sixteen spellings of the same 64 bytes."""


def seconds(after: int) -> int:
    """Unix seconds of so many from now: a suite may take longer than a token lives."""
    return int(SystemClock().now().timestamp()) + after


def part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode()


def unsigned(alg: str) -> str:
    return f"{part({'alg': alg, 'typ': 'at+jwt', 'kid': KID})}.{token().split('.')[1]}."


def with_secret(secret: bytes) -> str:
    """HS256, keyed with what everybody may know; by hand, since no library would."""
    claims = {**json.loads(jws.extract_compact(token().encode()).payload), "roles": ["operator"]}
    signed = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': KID})}.{part(claims)}"
    return f"{signed}.{urlsafe_b64encode(hmac.digest(secret, signed.encode(), 'sha256')).decode()}"


def by_another_algorithm() -> str:
    claims = json.loads(jws.extract_compact(token().encode()).payload)
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": KID}, claims, ECKey.generate_key("P-256"))


def tampered(place: int, text: str) -> str:
    """A good token with one of its parts ending in `text`."""
    parts = token().split(".")
    parts[place] = parts[place][: -len(text)] + text
    return ".".join(parts)


def spelt_differently() -> str:
    """The same bytes as a good token: its last character's spare bits are set."""
    good = token()
    assert good[-1] in SPARE_BITS
    return good[:-1] + chr(ord(good[-1]) + 1)


ROWS: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned("none"),
    "alg None": lambda: unsigned("None"),
    "alg nOnE": lambda: unsigned("nOnE"),
    "HS256 with no signature": lambda: unsigned("HS256"),
    "EdDSA with no signature": lambda: unsigned("EdDSA"),
    "HS256 with the public key": lambda: with_secret(str(KEY.as_dict(private=False)["x"]).encode()),
    "HS256 with the public key as PEM": lambda: with_secret(KEY.as_pem(private=False)),
    "ES256 by a key of its own": by_another_algorithm,
    "another's signature": lambda: token(key=OTHER),
    "an unknown kid": lambda: token(key=OTHER, header={"kid": "nobody's"}),
    "a good signature under an unknown kid": lambda: token(header={"kid": "nobody's"}),
    "a kid that is no text": lambda: unsigned("EdDSA").replace(part(KID), part([KID])),
    "jku": lambda: token(key=OTHER, header={"jku": "https://evil.example/keys"}),
    "jku, rightly signed": lambda: token(header={"jku": "https://evil.example/keys"}),
    "x5u": lambda: token(header={"x5u": "https://evil.example/chain"}),
    "x5c": lambda: token(header={"x5c": ["MIIB"]}),
    "jwk": lambda: token(key=OTHER, header={"jwk": OTHER.as_dict(private=False)}),
    "typ JWT": lambda: token(header={"typ": "JWT"}),
    "typ of an id token": lambda: token(header={"typ": "id+jwt"}),
    "another audience": lambda: token(aud="another/api"),
    "ours among audiences": lambda: token(aud=[TOKEN_AUDIENCE, "another/api"]),
    "no audience": lambda: token(aud=None),
    "another issuer": lambda: token(iss="another"),
    "an issuer that begins as ours": lambda: token(iss=f"{TOKEN_ISSUER}/"),
    "expired": lambda: token(iat=seconds(-700), nbf=seconds(-700), exp=seconds(-100)),
    "never expiring": lambda: token(exp=None),
    "good for a day": lambda: token(exp=seconds(86_400)),
    "an end that is no number": lambda: token(exp="tomorrow"),
    "not yet good": lambda: token(nbf=seconds(300)),
    "issued in five minutes": lambda: token(iat=seconds(300), nbf=seconds(300), exp=seconds(600)),
    "no subject": lambda: token(sub=None),
    "tampered head": lambda: tampered(0, "fQ"),
    "tampered payload": lambda: tampered(1, "AA"),
    "tampered signature": lambda: tampered(2, "AAAA"),
    "another spelling of the signature": spelt_differently,
    "a refresh token": lambda: f"06h0000000000000000000000g.0.{'5' * 64}",
    "five parts": lambda: f"{token()}.e30.e30",
    "text": lambda: "hello",
    "an unknown key": lambda: "lk_" + "z" * 40,
    "long": lambda: "a.b." + "c" * 6_000,
    "not ASCII": lambda: "tökén",
}


@pytest.mark.parametrize("bad", ROWS.values(), ids=ROWS)
def test_a1_every_bad_credential_gets_the_same_401(bad: Callable[[], str], door: Door, services: FakeServices) -> None:
    nobody = door.client.get("/v1/bookings", headers={"X-Request-Id": "same"})
    header = f"Bearer {bad()}".encode("latin-1")
    answer = door.client.get("/v1/bookings", headers={b"Authorization": header, b"X-Request-Id": b"same"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (answer.status_code, answer.content) == (nobody.status_code, nobody.content)
    assert services.asked(ListBookings.wire) == []


def test_a2_a_session_ended_elsewhere_ends_its_token_with_the_same_401(door: Door, services: FakeServices) -> None:
    mine, other = bearer(sid="ended-elsewhere"), bearer(sid="another's")
    assert door.client.get("/v1/me", headers=mine).status_code == 200
    services.revoked.append("ended-elsewhere")
    gone = eventually(lambda: _refused(door, mine), what="the end of the session")
    services.revoked.clear()
    assert gone == _refused(door, {"Authorization": "Bearer hello"})
    assert door.client.get("/v1/me", headers=other).status_code == 200


def _refused(door: Door, headers: dict[str, str]) -> bytes | None:
    answer = door.client.get("/v1/me", headers={**headers, "X-Request-Id": "same"})
    return answer.content if answer.status_code == 401 else None


def test_the_keys_to_verify_with_are_public_and_hold_no_private_part(door: Door) -> None:
    answer = door.client.get("/.well-known/jwks.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jwk-set+json")
    assert answer.headers["cache-control"] == "public, max-age=150"
    (shown,) = answer.json()["keys"]
    assert (shown["kid"], shown["alg"], shown["use"]) == (KID, "EdDSA", "sig")
    assert OKPKey.import_key(shown).as_dict(private=False)["x"] == KEY.as_dict(private=False)["x"]
    assert "d" not in shown

"""Row A7: whom a provider's word does not sign in, and which words of it are none."""

import base64
import hmac
import json
import warnings
from collections.abc import Callable
from typing import Any

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey

from shared.contracts import members as contract
from tests.members.asking import site_staff
from tests.members.conftest import Houses
from tests.members.people import OPS, company, person
from tests.members.provided import REFUSED, SECRET, Provided, provided, refusal
from tests.support.certificates import Certificates
from tests.support.openid_server import Person


def _rs256(p: Provided, claims: dict[str, Any], **header: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": "provider-1"} | header, claims, p.provider.key)


def _by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in (header, claims)]
    signed = ".".join(parts)
    mac = b"" if secret is None else hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _stranger(_: Provided, claims: dict[str, Any]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode({"alg": "RS256", "kid": "provider-1"}, claims, RSAKey.generate_key(2_048))


def _without(name: str) -> Callable[[Provided, dict[str, Any]], str]:
    return lambda p, claims: _rs256(p, {k: v for k, v in claims.items() if k != name})


def _with(**changed: Any) -> Callable[[Provided, dict[str, Any]], str]:
    return lambda p, claims: _rs256(p, claims | changed)


FORGED: dict[str, Callable[[Provided, dict[str, Any]], str]] = {
    "alg none": lambda _, c: _by_hand({"alg": "none"}, c, None),
    "alg None": lambda _, c: _by_hand({"alg": "None", "kid": "provider-1"}, c, None),
    "HS256 with the client's secret": lambda _, c: _by_hand({"alg": "HS256", "kid": "provider-1"}, c, SECRET.encode()),
    "HS256 with the public key": lambda p, c: _by_hand(
        {"alg": "HS256", "kid": "provider-1"}, c, p.provider.key.as_pem(private=False)
    ),
    "another algorithm than announced": lambda p, c: jwt.encode(
        {"alg": "RS384", "kid": "provider-1"},
        c,
        RSAKey.import_key(p.provider.key.as_pem(private=True)),
        algorithms=["RS384"],
    ),
    "a stranger's key under the provider's name": _stranger,
    "an unknown key": lambda p, c: _rs256(p, c, kid="provider-9"),
    "an access token's type": lambda p, c: _rs256(p, c, typ="at+jwt"),
    "another nonce": _with(nonce="0" * 64),
    "no nonce": _without("nonce"),
    "another audience": _with(aud=["another"]),
    "ours among audiences, nobody authorized": _with(aud=["lounge", "another"]),
    "ours among audiences, another authorized": _with(aud=["lounge", "another"], azp="another"),
    "another authorized": _with(azp="another"),
    "no audience": _without("aud"),
    "another issuer": _with(iss="https://evil.example"),
    "no issuer": _without("iss"),
    "expired": lambda p, c: _rs256(p, c | {"iat": c["iat"] - 400, "exp": c["iat"] - 60}),
    "never expiring": _without("exp"),
    "issued in five minutes": lambda p, c: _rs256(p, c | {"iat": c["iat"] + 300}),
    "issued an hour ago": lambda p, c: _rs256(p, c | {"iat": c["iat"] - 3_600}),
    "no time": _without("iat"),
    "nobody": _without("sub"),
    "a number for a subject": _with(sub=7),
    "of another access token": _with(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "tampered": lambda p, c: _rs256(p, c)[:-4] + "AAAA",
    "no token": lambda *_: "hello",
}
PEOPLE: dict[str, Person] = {
    "an address nobody verified": Person("subject-1", "hanako@bio.example", email_verified=False),
    "an address verified in words": Person("subject-1", "hanako@bio.example", claims={"email_verified": "true"}),
    "no word of verification": Person("subject-1", "hanako@bio.example", claims={"email_verified": None}),
    "an address of another domain": Person("subject-1", "hanako@evil.example"),
    "an address of a domain below": Person("subject-1", "hanako@sub.bio.example"),
    "no address": Person("subject-1", ""),
    "two addresses": Person("subject-1", "hanako@bio.example, taro@bio.example"),
    "an address nobody has": Person("subject-1", "nobody@bio.example"),
    "a member of another organization": Person("subject-1", "jiro@bio.example"),
    "who has left": Person("subject-1", "saburo@bio.example"),
}


async def test_a7_no_token_but_the_providers_own_answer_signs_anybody_in(houses: Houses, signed: Certificates) -> None:
    async with provided(houses, signed) as p:
        for name, forged in FORGED.items():
            p.provider.forge = lambda claims, forged=forged: forged(p, claims)
            assert refusal(await p.signed_in()) == REFUSED, name
            assert p.kept() == (0, 0), name
        p.provider.forge = lambda claims: _rs256(p, claims)
        assert (await p.signed_in()).status == 200


async def test_a7_nobody_is_linked_but_a_verified_member_of_that_organization(
    houses: Houses, signed: Certificates
) -> None:
    async with provided(houses, signed) as p:
        elsewhere = await p.house.done(company("別の会社"))
        further = (p.organization,)
        await p.house.done(person(elsewhere["id"], "jiro@bio.example", organizations=further))
        left = await p.house.done(person(p.organization, "saburo@bio.example"))
        await p.house.done(contract.UpdateMember(id=left["id"], active=False))
        for name, who in PEOPLE.items():
            p.provider.person = who
            assert refusal(await p.signed_in()) == REFUSED, name
            assert p.kept() == (0, 0), name


async def test_a_provider_lets_in_nobody_whom_its_setter_could_not_have_made(
    houses: Houses, signed: Certificates
) -> None:
    async with provided(houses, signed) as p:
        roles = {"operator": None, "site_staff": "osaka"}
        for role, site in roles.items():
            wish = person(p.organization, f"{role}@bio.example", roles=frozenset({role}), site=site)
            await p.house.done(wish)
        staff = await site_staff(p.house)
        await p.house.done(p.put(domains=("bio.example", "bio2.example")), staff)
        for role in roles:
            p.provider.person = Person(f"subject-{role}", f"{role}@bio.example")
            assert refusal(await p.signed_in()) == REFUSED, role
        assert p.kept() == (0, 0)
        await p.house.done(p.put(), OPS)
        for role in roles:
            p.provider.person = Person(f"subject-{role}", f"{role}@bio.example")
            assert (await p.signed_in()).status == 200, role

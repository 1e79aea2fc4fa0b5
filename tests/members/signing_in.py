"""Hanako, and her way in."""

from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

from shared.contracts import members as contract
from tests.members.conftest import House
from tests.members.people import NOBODY, company, person

HANAKO = "hanako@bio.example"


async def hanako(house: House, **more: Any) -> dict[str, Any]:
    org = await house.done(company())
    view: dict[str, Any] = await house.done(person(org["id"], HANAKO, **more))
    return view


async def code_for(house: House, email: str = HANAKO) -> str:
    await house.done(contract.RequestSignInCode(email=email), NOBODY)
    return house.notify.code()


async def signed_in(house: House) -> dict[str, Any]:
    session = contract.CreateSession(email=HANAKO, code=await code_for(house))
    tokens: dict[str, Any] = await house.done(session, NOBODY)
    return tokens


async def read_token(house: House, token: str) -> jwt.Token:
    keys = KeySet.import_key_set(await house.done(contract.Jwks(), NOBODY))
    return jwt.decode(token, keys, algorithms=["EdDSA"])

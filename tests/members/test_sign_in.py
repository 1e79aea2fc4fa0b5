"""Signing in, over the real servers, with the permissions that hold in production."""

from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from shared.contracts import members as contract
from tests.members.conftest import House, Houses
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


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a_code_by_mail_becomes_tokens_that_say_who_and_for_whom(houses: Houses, driver: str) -> None:
    async with houses(mongo_driver=driver) as house:
        member = await hanako(house)
        tokens = await signed_in(house)
        token = await read_token(house, tokens["access_token"])
        assert token.header["typ"] == "at+jwt"
        said = {k: token.claims[k] for k in ("iss", "aud", "sub", "org", "orgs", "roles", "site", "lang")}
        assert said == {
            "iss": contract.TOKEN_ISSUER,
            "aud": contract.TOKEN_AUDIENCE,
            "sub": member["id"],
            "org": member["organization"],
            "orgs": [member["organization"]],
            "roles": ["member"],
            "site": None,
            "lang": "ja",
        }
        assert token.claims["exp"] - token.claims["iat"] == 600 == tokens["expires_in"]
        assert token.claims["sid"] == tokens["refresh_token"].split(".")[0]
        mail = house.notify.asked[-1]
        assert (mail.email, mail.language) == (HANAKO, "ja")
        assert mail.expires_at == house.wall.at + timedelta(minutes=10)

"""An organization with an identity provider, and a browser that goes there and comes back."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from shared.contracts import members as contract
from shared.contracts.message import Answer
from tests.members.conftest import House, Houses
from tests.members.people import NOBODY, OPS
from tests.members.signing_in import hanako
from tests.support.certificates import Certificates
from tests.support.openid_provider import Provider
from tests.support.openid_server import Client

PUBLIC_URL = "https://lounge.example"
REDIRECT_URI = f"{PUBLIC_URL}/v1/auth/oidc/callback"
SECRET = "a-secret-of-the-client"
MINE, ANOTHER = "a" * 64, "b" * 64
NOT_BEGUN, REFUSED, AWAY = (400, "sign-in-not-begun-here"), (401, "sign-in-refused"), (503, "identity-provider-away")


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and code."""
    assert answer.problem is not None, answer.data
    return answer.problem.status, answer.problem.code


@dataclass
class Provided:
    """Members, a provider, and Hanako's organization that signs in with it."""

    house: House
    provider: Provider
    member: dict[str, Any]
    trusted: ssl.SSLContext
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def organization(self) -> str:
        return str(self.member["organization"])

    def put(self, **more: Any) -> contract.PutIdentityProvider:
        fields: dict[str, Any] = {
            "id": self.organization,
            "issuer": self.provider.issuer,
            "client_id": "lounge",
            "client_secret": SECRET,
            "domains": ("bio.example",),
        }
        return contract.PutIdentityProvider(**(fields | more))

    async def begun(self, browser: str = MINE, **more: Any) -> str:
        """Where the browser is sent."""
        begin = contract.BeginSignIn(organization=self.organization, browser=browser, **more)
        told = await self.house.done(begin, NOBODY)
        return str(told["authorization_url"])

    def went(self, url: str) -> dict[str, str]:
        """The browser goes to the provider, where somebody is signed in: what it is sent back with."""
        answer = httpx.get(url, verify=self.trusted)
        assert answer.status_code == 302, answer.text
        back = answer.headers["location"]
        assert back.partition("?")[0] == REDIRECT_URI
        return dict(parse_qsl(urlsplit(back).query))

    async def came(self, sent: dict[str, str], browser: str | None = MINE) -> Answer:
        """The browser is back."""
        fields = {name: sent.get(theirs) for name, theirs in _FIELDS.items()}
        return await self.house.ask(contract.FinishSignIn(browser=browser, **fields), NOBODY)

    async def signed_in(self) -> Answer:
        """There and back."""
        return await self.came(self.went(await self.begun()))

    def kept(self) -> tuple[int, int]:
        """(links, sessions)."""
        database = self.house.admin["members"]
        return database["identities"].count_documents({}), database["sessions"].count_documents({})


_FIELDS = {"state": "state", "code": "code", "issuer": "iss", "error": "error"}


@asynccontextmanager
async def provided(houses: Houses, signed: Certificates, **settings: Any) -> AsyncIterator[Provided]:
    """The provider is set by an operator, its client registered, Hanako signed in there."""
    clock: list[House] = []
    provider = Provider(signed, lambda: clock[0].wall.at)
    provider.start()
    more: dict[str, Any] = {
        "outbound_allow": (provider.place,),
        "outbound_ca_file": signed.authority,
        "public_url": PUBLIC_URL,
        "return_origins": ("https://app.bio.example",),
    }
    try:
        async with houses(**more, **settings) as house:
            clock.append(house)
            provider.client = Client("lounge", SECRET, REDIRECT_URI)
            trusted = ssl.create_default_context(cafile=signed.authority)
            made = Provided(house, provider, await hanako(house), trusted)
            made.told = await house.done(made.put(), OPS)
            yield made
    finally:
        provider.stop()

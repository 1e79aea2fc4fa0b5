"""Members behind a real gateway process, on one clock: a browser's sign-in, and keys that change while tokens live."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jws

from services.gateway.browsers import COOKIE
from services.members.domain.key_set import PUBLISHED_BEFORE_USE
from shared.contracts import members as contract
from tests.gateway.conftest import Door
from tests.members.conftest import House, Houses
from tests.members.people import OPS
from tests.members.provided import REDIRECT_URI, Provided, provided
from tests.members.signing_in import HANAKO, hanako
from tests.support.certificates import Certificates
from tests.support.servers import Servers
from tests.support.waiting import until

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@asynccontextmanager
async def gateway(servers: Servers, house: House, **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway process on the house's clock, once it knows members' keys."""
    door = Door(servers, clock=f"virtual:{house.wall.path}", **settings)
    try:
        async with httpx.AsyncClient(base_url=str(door.client.base_url), timeout=15) as client:

            async def knows_keys() -> bool:
                try:
                    return (await client.get("/.well-known/jwks.json")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(knows_keys, seconds=20)
            yield client
    finally:
        await asyncio.to_thread(door.stop)


class Browser:
    """Follows redirects by hand: our cookie is for https, and the public address is the gateway's in name only."""

    def __init__(self, client: httpx.AsyncClient, p: Provided) -> None:
        self.client = client
        self.p = p
        self.cookie = ""

    async def start(self, accept: str = "text/html", **query: str) -> httpx.Response:
        path = f"/v1/auth/oidc/{self.p.organization}/start"
        answer = await self.client.get(path, params=query, headers={"Accept": accept})
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    async def back(self, url: str, **more: str) -> httpx.Response:
        """At the provider, and back at our callback."""
        sent = await asyncio.to_thread(self.p.went, url)
        return await self.callback(sent | more)

    async def callback(self, sent: dict[str, str]) -> httpx.Response:
        headers = {"Cookie": self.cookie, "Accept": "text/html"}
        return await self.client.get(f"{urlsplit(REDIRECT_URI).path}?{urlencode(sent)}", headers=headers)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_browser_goes_to_the_provider_and_comes_back_signed_in(
    houses: Houses, servers: Servers, signed: Certificates
) -> None:
    async with provided(houses, signed) as p, gateway(servers, p.house) as client:
        browser = Browser(client, p)
        there = await browser.start()
        assert (there.status_code, there.headers["referrer-policy"]) == (302, "no-referrer")
        assert there.headers["location"].startswith(f"{p.provider.issuer}/authorize?")
        assert browser.cookie.startswith(f"{COOKIE}=")
        here = await browser.back(there.headers["location"], session_state="the provider's own")
        assert (here.status_code, here.headers["cache-control"]) == (200, "no-store")
        me = await client.get("/v1/me", headers=bearer(here.json()["access_token"]))
        assert (me.status_code, me.json()["member"]["id"]) == (200, p.member["id"])
        refreshed = await client.post("/v1/auth/sessions/refresh", json={"refresh_token": here.json()["refresh_token"]})
        assert refreshed.status_code == 200

        told = await browser.start("application/json", return_to="http://127.0.0.1:4711/in", code_challenge=CHALLENGE)
        assert told.status_code == 200
        back = await browser.back(told.json()["authorization_url"])
        assert (back.status_code, back.headers["location"].partition("?")[0]) == (302, "http://127.0.0.1:4711/in")
        code = dict(parse_qsl(urlsplit(back.headers["location"]).query))["code"]
        body = {"code": code, "code_verifier": VERIFIER}
        session = await client.post("/v1/auth/oidc/sessions", json=body)
        assert session.status_code == 201
        assert (await client.post("/v1/auth/oidc/sessions", json=body)).status_code == 400
        p.provider.access_denied = True
        told = await browser.start("application/json", return_to="http://127.0.0.1:4711/in", code_challenge=CHALLENGE)
        back = await browser.back(told.json()["authorization_url"])
        assert back.headers["location"] == "http://127.0.0.1:4711/in?error=sign-in-refused"


async def test_a7_over_http_nobody_else_comes_back(houses: Houses, servers: Servers, signed: Certificates) -> None:
    async with provided(houses, signed) as p, gateway(servers, p.house) as client:
        browser = Browser(client, p)

        async def refused(change: dict[str, str | None], cookie: str | None = None) -> tuple[int, str]:
            url = (await browser.start()).headers["location"]
            sent = await asyncio.to_thread(p.went, url)
            browser.cookie = browser.cookie if cookie is None else cookie
            answer = await browser.callback({k: v for k, v in {**sent, **change}.items() if v is not None})
            return answer.status_code, answer.json()["code"]

        not_begun, no = (400, "sign-in-not-begun-here"), (401, "sign-in-refused")
        assert await refused({"state": None}) == not_begun
        assert await refused({"state": "0" * 64}) == not_begun
        assert await refused({}, cookie="") == not_begun
        assert await refused({}, cookie=f"{COOKIE}={'x' * 43}") == not_begun
        assert await refused({"code": "guessed"}) == no
        assert await refused({"code": None}) == no
        assert await refused({"iss": "https://evil.example"}) == no
        assert await refused({"code": "nul\0"}) == (422, "wrong-form")
        p.provider.person.email_verified = False
        assert await refused({}) == no
        twice = await client.get("/v1/auth/oidc/callback?state=a&state=b")
        assert (twice.status_code, twice.json()["code"]) == (422, "unknown-parameter")
        nowhere = await client.get("/v1/auth/oidc/nowhere/start")
        assert nowhere.status_code == 404
        assert p.kept() == (0, 0)


async def issued(house: House) -> str:
    token: str = (await house.done(contract.IssueToken(email=HANAKO), OPS))["access_token"]
    return token


def kid(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


async def test_keys_rotate_under_a_running_gateway_and_no_living_token_is_refused(
    houses: Houses, servers: Servers
) -> None:
    async with houses() as house, gateway(servers, house) as client:
        await hanako(house)

        async def status(token: str) -> int:
            return (await client.get("/v1/me", headers=bearer(token))).status_code

        async def shown() -> list[Any]:
            return [each["kid"] for each in (await client.get("/.well-known/jwks.json")).json()["keys"]]

        old = await issued(house)
        assert await status(old) == 200
        published = [each["kid"] for each in (await house.done(contract.RotateSigningKeys(), OPS))["keys"]]
        house.wall.forward(PUBLISHED_BEFORE_USE - timedelta(seconds=1))
        last_of_old = await issued(house)
        assert [kid(old), kid(last_of_old)] == [published[0]] * 2
        house.wall.forward(timedelta(seconds=1))
        new = await issued(house)
        assert kid(new) == published[1]

        async def is_known() -> bool:
            return await status(new) == 200

        await until(is_known)  # the key set is asked for anew at an unknown key, once in two seconds
        assert [await status(each) for each in (old, last_of_old, new)] == [200] * 3
        assert await shown() == published
        house.wall.forward(timedelta(seconds=600 + 29))
        assert [await status(each) for each in (last_of_old, new)] == [200] * 2
        assert await status(old) == 401
        house.wall.forward(timedelta(seconds=31))
        assert await status(last_of_old) == 401
        assert len((await house.done(contract.Jwks(), OPS))["keys"]) == 1

"""With one provider: what it says of itself, the URL to send a browser to, the code it gave for who signed in."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.discovery import OpenIDProviderMetadata

from services.members.domain.identity_provider import SignInRefused, UnsafeIssuer, Vouched
from services.members.openid.identity_token import ALGORITHMS, Expected, Key, header_of, keys_of, verified
from services.members.openid.kept import Kept
from shared.kernel.refusal import Refusal
from shared.kernel.text import Text
from shared.kit.log import get_logger
from shared.kit.outbound import Bounds, Outbound, OutboundError, Reply

log = get_logger()
_WELL_KNOWN = "/.well-known/openid-configuration"
_SCOPE = "openid email"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_EACH = Bounds(seconds=2.5, size=256 * 1024)
_ALTOGETHER = 6.0
"""For all that one command asks; its caller waits eight seconds."""
_METADATA_KEPT, _KEYS_KEPT = 600.0, 300.0


class ProviderAway(Refusal):
    """The provider cannot be reached, is slow, or does not speak as it should."""

    code = "identity-provider-away"
    status = 503
    message = Text(
        ja="所属組織の認証サービスに接続できません。少し後にお試しください。",
        en="Your organization's identity provider cannot be reached right now.",
    )


@dataclass(frozen=True, slots=True)
class Client:
    """What we are at a provider; no `secret` is a public client. `redirect_uri` is compared there letter by letter."""

    issuer: str
    client_id: str
    secret: str | None
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """Of one sign-in: the state the browser carries, the nonce the identity must carry, the PKCE verifier."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What the provider sent the browser back with; `issuer` is the answer's own (RFC 9207)."""

    code: str
    issuer: str | None


class OpenId:
    """Keeps what providers say of themselves for ten minutes, their keys for five."""

    def __init__(self, outbound: Outbound, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._outbound = outbound
        self._providers = Kept[Mapping[str, Any]](_METADATA_KEPT, elapsed)
        self._keys = Kept[tuple[Key, ...]](_KEYS_KEPT, elapsed)

    def check_issuer(self, issuer: str) -> None:
        """As far as the text tells. Raises UnsafeIssuer."""
        try:
            self._outbound.check(issuer)
        except OutboundError:
            raise UnsafeIssuer from None
        if "?" in issuer:
            raise UnsafeIssuer

    async def authorization_url(self, client: Client, secrets: Secrets) -> str:
        """Where to send the browser. Raises ProviderAway."""
        async with _in_time(client.issuer):
            provider = await self._provider(client.issuer)
        asking = OAuth2Client(
            None, client.client_id, scope=_SCOPE, redirect_uri=client.redirect_uri, code_challenge_method="S256"
        )
        url, _ = asking.create_authorization_url(
            provider["authorization_endpoint"],
            state=secrets.state,
            code_verifier=secrets.verifier,
            nonce=secrets.nonce,
        )
        return str(url)

    async def vouched(self, client: Client, secrets: Secrets, returned: Returned, *, at: datetime) -> Vouched:
        """Who signed in there. Raises SignInRefused, ProviderAway."""
        async with _in_time(client.issuer):
            return await self._vouched(client, secrets, returned, at)

    async def _vouched(self, client: Client, secrets: Secrets, returned: Returned, at: datetime) -> Vouched:
        provider = await self._provider(client.issuer)
        names_itself = provider.get("authorization_response_iss_parameter_supported") is True
        if returned.issuer != client.issuer and (returned.issuer is not None or names_itself):
            raise SignInRefused("another-issuer-answered")
        answer = await self._token(provider, client, secrets, returned.code)
        claims = await self._claims(provider, client, secrets, answer, at)
        if "email" not in claims and "userinfo_endpoint" in provider:
            claims |= await self._userinfo(provider, answer, claims["sub"])
        return Vouched(claims["sub"], str(claims.get("email", "")), claims.get("email_verified") is True)

    async def _provider(self, issuer: str) -> Mapping[str, Any]:
        return await self._providers.get(issuer, lambda: self._discovered(issuer))

    async def _discovered(self, issuer: str) -> Mapping[str, Any]:
        told = await self._json(issuer.rstrip("/") + _WELL_KNOWN, of=issuer)
        try:
            OpenIDProviderMetadata(told).validate()
            for name in _ENDPOINTS:
                self._outbound.check(told[name])
        except (ValueError, TypeError, KeyError, AttributeError, OutboundError):
            raise _away(issuer, "metadata-invalid") from None
        if told["issuer"] != issuer:
            raise _away(issuer, "metadata-of-another-issuer")
        return told

    async def _token(self, provider: Mapping[str, Any], client: Client, secrets: Secrets, code: str) -> dict[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": secrets.verifier,
        }
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        url, headers, body = _authenticating(provider, client).prepare(
            "POST", provider["token_endpoint"], headers, urlencode(fields)
        )
        reply = await self._asked("POST", url, headers=headers, content=body.encode(), of=client.issuer)
        if reply.status in (400, 401):
            raise SignInRefused("code-refused")
        answer = _object(reply)
        if reply.status != 200 or answer is None or not isinstance(answer.get("id_token"), str):
            raise _away(client.issuer, "token-answer-invalid")
        return answer

    async def _claims(
        self, provider: Mapping[str, Any], client: Client, secrets: Secrets, answer: Mapping[str, Any], at: datetime
    ) -> dict[str, Any]:
        algorithms = ALGORITHMS & set(provider["id_token_signing_alg_values_supported"])
        access = answer.get("access_token")
        expected = Expected(client.issuer, client.client_id, secrets.nonce, algorithms, access)
        token = str(answer["id_token"])
        header = header_of(token, expected)
        keys = await self._key_set(provider, fresh=False)
        if not header.fitting(keys):
            keys = await self._key_set(provider, fresh=True)
        return verified(token, header, keys, expected, at=at)

    async def _key_set(self, provider: Mapping[str, Any], *, fresh: bool) -> tuple[Key, ...]:
        async def fetched() -> tuple[Key, ...]:
            return keys_of(await self._json(provider["jwks_uri"], of=provider["issuer"]))

        return await self._keys.get(provider["jwks_uri"], fetched, fresh=fresh)

    async def _userinfo(self, provider: Mapping[str, Any], answer: Mapping[str, Any], subject: str) -> dict[str, Any]:
        """Some providers tell the address only here."""
        bearer = {"authorization": f"Bearer {answer.get('access_token')}"}
        told = await self._json(provider["userinfo_endpoint"], headers=bearer, of=provider["issuer"])
        if told.get("sub") != subject:
            raise SignInRefused("userinfo-of-another")
        return {name: told[name] for name in ("email", "email_verified") if name in told}

    async def _json(self, url: str, *, headers: Mapping[str, str] | None = None, of: str) -> dict[str, Any]:
        reply = await self._asked("GET", url, headers={"accept": "application/json", **(headers or {})}, of=of)
        found = _object(reply)
        if reply.status != 200 or found is None:
            raise _away(url, "answer-invalid")
        return found

    async def _asked(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"", of: str
    ) -> Reply:
        """`of` is the issuer whose sign-in it is, wherever `url` leads."""
        try:
            return await self._outbound.ask(method, url, bounds=_EACH, headers=headers, content=content, party=of)
        except OutboundError as error:
            raise _away(url, error.reason) from None


@asynccontextmanager
async def _in_time(issuer: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_ALTOGETHER):
            yield
    except TimeoutError:
        raise _away(issuer, "timed-out") from None


def _authenticating(provider: Mapping[str, Any], client: Client) -> ClientAuth:
    """By the header where the provider takes that (RFC 6749 2.3.1: both parts encoded), else in the body."""
    if client.secret is None:
        return ClientAuth(client.client_id, None, "none")
    if "client_secret_basic" in provider.get("token_endpoint_auth_methods_supported", ("client_secret_basic",)):
        return ClientAuth(quote(client.client_id, safe=""), quote(client.secret, safe=""), "client_secret_basic")
    return ClientAuth(client.client_id, client.secret, "client_secret_post")


def _object(reply: Reply) -> dict[str, Any] | None:
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _away(where: str, reason: str) -> ProviderAway:
    log.warning("oidc.provider_away", where=where, reason=reason)
    return ProviderAway()

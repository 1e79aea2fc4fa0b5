"""Organizations' identity providers, and a browser's way through one: out with a redirect, back with another."""

from typing import Any
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.auth import Asker
from services.gateway.browsers import browser_of
from services.gateway.calls import Call
from services.gateway.doors import Door, Paper
from services.gateway.forward import Forwarder, Gate
from services.gateway.policy import ANYONE, STAFF, STAFF_IN_PERSON
from services.gateway.problems import header
from services.gateway.reading import judged, no_parameters
from services.gateway.refusals import UnknownParameter
from services.gateway.replies import rendered
from shared.contracts.members import (
    BeginSignIn,
    BegunSignInView,
    ExchangeCode,
    FinishSignIn,
    GetIdentityProvider,
    PutIdentityProvider,
    RemoveIdentityProvider,
    TokenView,
)
from shared.kernel.ids import ID_PATTERN
from shared.kernel.refusal import NotFound
from shared.kit.nats.request import Refused

_WHERE_TO = frozenset({"return_to", "code_challenge"})
_TOLD = {"state": "state", "code": "code", "iss": "issuer", "error": "error"}
"""What a provider sends back, and what it is in our command; whatever else it sends is passed over."""
_MOST_PARAMETERS = 50
_UNSEEN = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


CALLS = (
    Call(
        method="PUT",
        path="/v1/organizations/{id}/identity-provider",
        summary="The identity provider an organization signs in with",
        ask=PutIdentityProvider,
        policy=STAFF_IN_PERSON,
        key="optional",
        if_match="optional",
    ),
    Call(
        method="GET",
        path="/v1/organizations/{id}/identity-provider",
        summary="An organization's identity provider, without its secret",
        ask=GetIdentityProvider,
        policy=STAFF.within("members:read"),
    ),
    Call(
        method="DELETE",
        path="/v1/organizations/{id}/identity-provider",
        summary="Nobody signs in by it any more",
        ask=RemoveIdentityProvider,
        policy=STAFF_IN_PERSON,
        key="optional",
        if_match="optional",
        status=204,
    ),
    Call(
        method="POST",
        path="/v1/auth/oidc/sessions",
        summary="The code a browser was sent back with, for tokens",
        ask=ExchangeCode,
        policy=ANYONE,
        status=201,
    ),
)


class StartParameters(BaseModel):
    """`return_to` is where the browser ends up with a code, `code_challenge` (S256) of who makes tokens of it."""

    return_to: str | None = None
    code_challenge: str | None = None


class CallbackParameters(BaseModel):
    """What a provider sends the browser back with (RFC 6749, RFC 9207); whatever else it adds is passed over."""

    state: str | None = None
    code: str | None = None
    iss: str | None = None
    error: str | None = None


class IdentitySignIn:
    """Answers the two doors a browser goes through."""

    def __init__(self, forwarder: Forwarder, gate: Gate) -> None:
        self._forwarder = forwarder
        self._gate = gate

    def doors(self) -> tuple[Door, ...]:
        """Theirs."""
        return (
            Door(
                method="GET",
                path="/v1/auth/oidc/{organization}/start",
                policy=ANYONE,
                answer=self.start,
                paper=Paper(
                    summary="Sign in with an organization's own account: to its identity provider (302 for a browser)",
                    tag="members",
                    query=StartParameters,
                    reply=BegunSignInView,
                ),
            ),
            Door(
                method="GET",
                path="/v1/auth/oidc/callback",
                policy=ANYONE,
                answer=self.callback,
                paper=Paper(
                    summary="Where the identity provider sends the browser back to: tokens, or on with a code (302)",
                    tag="members",
                    query=CallbackParameters,
                    reply=TokenView,
                ),
            ),
        )

    async def start(self, request: Request) -> Response:
        """A browser is sent on; a program is told where to send one that has our cookie."""
        asker = await self._gate.pass_in(request, ANYONE)
        given = no_parameters(request, _WHERE_TO)
        organization = request.path_params["organization"]
        if not ID_PATTERN.fullmatch(organization):
            raise NotFound
        browser = browser_of(request)
        data = {"organization": organization, "browser": browser.digest, **given, **_from_where(request)}
        reply = await self._asked(BeginSignIn, data, asker, request)
        navigates = b"text/html" in header(request.scope, b"accept")
        response = _on(reply["data"]["authorization_url"]) if navigates else rendered(reply)
        browser.remember(response)
        return response

    async def callback(self, request: Request) -> Response:
        """Tokens for who began without `return_to`; else back there, with a code or with what went wrong."""
        asker = await self._gate.pass_in(request, ANYONE)
        data = {**_told(request), "browser": browser_of(request).digest}
        try:
            reply = await self._asked(FinishSignIn, data, asker, request)
        except Refused as refused:
            if (back := refused.members.get("return_to")) is not None:
                return _on(str(back))
            raise
        if (back := reply["data"]["return_to"]) is not None:
            return _on(back)
        return rendered({"status": 200, "data": reply["data"]["tokens"]})

    async def _asked(self, ask: Any, data: dict[str, str], asker: Asker, request: Request) -> dict[str, Any]:
        raw = orjson.dumps(data)
        judged(ask, raw, data, request, flat=True)
        return await self._forwarder.ask(ask.wire, raw, asker, request)


def _from_where(request: Request) -> dict[str, str]:
    client = request.scope["state"]["client"]
    return {"client": client} if client else {}


def _on(url: str) -> Response:
    return RedirectResponse(url, 302, headers=_UNSEEN)


def _told(request: Request) -> dict[str, str]:
    """Of the query what we know, each once. Raises UnknownParameter where one of ours comes twice."""
    try:
        query = request.scope["query_string"].decode("ascii")
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise UnknownParameter from None
    ours = [(_TOLD[name], value) for name, value in pairs if name in _TOLD]
    found = dict(ours)
    if len(found) < len(ours):
        raise UnknownParameter
    return found

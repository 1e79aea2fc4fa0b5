"""What is more than one message, or none: ending one's session, a site's events by HTTP, the published keys."""

from dataclasses import replace

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.gateway import body, guard
from services.gateway.auth import Authenticator
from services.gateway.calls import Call
from services.gateway.doors import Door, Paper
from services.gateway.forward import Forwarder, Gate
from services.gateway.policy import ANYONE, SESSION, SITE
from services.gateway.problems import header, language_of
from services.gateway.reading import BodyReader, no_parameters
from services.gateway.replies import rendered
from services.gateway.validation import NotValid, fault
from shared.contracts.events import Ingest, IngestedView
from shared.contracts.members import KEY_SET_CACHE, EndSession
from shared.kernel.ids import ID_PATTERN
from shared.kernel.refusal import NotFound
from shared.kit.nats.request import Unavailable

_ONE = b"application/cloudevents+json"
_BATCH = b"application/cloudevents-batch+json"
_MEDIA = frozenset({_ONE, _BATCH})
_MOST_EVENTS = 500
_END = Call(
    method="DELETE",
    path="/v1/auth/sessions/current",
    summary="Sign out: the session and its tokens end",
    ask=EndSession,
    policy=SESSION,
    status=204,
    session="session",
)
_NONE = "none"
"""In the place of a session where a token belongs to none."""
_KEYS_AGE = f"public, max-age={KEY_SET_CACHE // 2}"
"""The gateway's own copy may be as old again: together no older than a verifier's may be."""


class Special:
    """Answers them."""

    def __init__(self, forwarder: Forwarder, gate: Gate, authenticator: Authenticator) -> None:
        self._forwarder = forwarder
        self._gate = gate
        self._authenticator = authenticator
        self._ending = BodyReader(_END)

    def doors(self) -> tuple[Door, ...]:
        """Theirs."""
        return (
            replace(self._forwarder.door(_END, tag="members"), answer=self.end_session),
            Door(
                method="POST",
                path="/v1/sites/{site}/events",
                policy=SITE,
                answer=self.ingest,
                paper=Paper(
                    summary="One CloudEvent of a site (application/cloudevents+json), or a batch (…-batch+json)",
                    tag="events",
                    reply=IngestedView,
                    takes=(_ONE.decode(), _BATCH.decode()),
                    status=202,
                ),
            ),
            Door(
                method="GET",
                path="/.well-known/jwks.json",
                policy=ANYONE,
                answer=self._gate.counting(self.key_set),
                paper=Paper(
                    summary="The public keys access tokens are signed with (RFC 7517)",
                    tag="members",
                    media="application/jwk-set+json",
                ),
            ),
        )

    async def key_set(self, request: Request) -> Response:
        """503 until members has told the keys."""
        no_parameters(request)
        if not self._authenticator.has_keys:
            raise Unavailable
        content = orjson.dumps(self._authenticator.key_set)
        return Response(content, headers={"cache-control": _KEYS_AGE}, media_type="application/jwk-set+json")

    async def end_session(self, request: Request) -> Response:
        """204, also for a token that belongs to no session."""
        asker = await self._gate.pass_in(request, SESSION)
        data = await self._ending.read(request, {"session": asker.session or _NONE})
        if asker.session is not None:
            await self._forwarder.ask(EndSession.wire, data, asker, request)
            self._authenticator.forget(asker.session)
        return Response(status_code=204)

    async def ingest(self, request: Request) -> Response:
        """202 with how many were taken in; a malformed envelope refuses the whole batch."""
        asker = await self._gate.pass_in(request, SITE)
        no_parameters(request)
        site = request.path_params["site"]
        if not ID_PATTERN.fullmatch(site):
            raise NotFound
        raw = await body.read(request.receive, request.scope)
        kind = body.media_type(request.scope, _MEDIA)
        sent = guard.check(raw, free_keys=True)
        events = sent.value if kind == _BATCH else [sent.value]
        language = language_of(header(request.scope, b"accept-language"))
        if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
            raise NotValid([fault("", "wrong-type", language)])
        if not 1 <= len(events) <= _MOST_EVENTS:
            raise NotValid([fault("", "out-of-range", language)])
        listed = sent.raw if kind == _BATCH else b"[" + sent.raw + b"]"
        data = b'{"site":' + orjson.dumps(site) + b',"events":' + listed + b"}"
        return rendered(await self._forwarder.ask(Ingest.wire, data, asker, request))

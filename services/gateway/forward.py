"""A call's answer: HTTP request → message → HTTP response, with no rule of any domain between."""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth import NOBODY, Asker, Authenticator
from services.gateway.browsers import Browser, browser_of, is_own_page
from services.gateway.calls import DRY_RUN, Call, Need
from services.gateway.cursors import Cursors
from services.gateway.doors import Answering, Door, Paper
from services.gateway.limits import Allowance
from services.gateway.policy import ANYONE, Policy
from services.gateway.problems import Catalogue, header
from services.gateway.reading import BodyReader, QueryReader, rehearses
from services.gateway.refusals import (
    IfMatchMalformed,
    IfMatchRequired,
    KeyMalformed,
    KeyRequired,
    NotForThisPrincipal,
    Unauthenticated,
)
from services.gateway.replies import is_plain, passed_on, passes_on, rendered
from shared.kernel.refusal import Refusal
from shared.kernel.time import Clock
from shared.kit import telemetry
from shared.kit.access import tell_refused
from shared.kit.crash import crashpoint
from shared.kit.joined import Joined
from shared.kit.nats.request import COMMAND_SECONDS, Caller, Refused, TimedOut

_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
_IF_MATCH = re.compile(rb'(?:W/)?"([0-9]{1,15})"')
_LIFE = timedelta(seconds=COMMAND_SECONDS)
_COMPANY_SECONDS = 0.003
"""How long a question that many ask again and again waits for all of them: an answer's own time, when all are quick."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Who is let in: authentication, policy, allowance; the same for every door."""

    authenticator: Authenticator
    allowance: Allowance
    clock: Clock

    async def pass_in(self, request: Request, policy: Policy) -> Asker:
        """The asker, or NOBODY at a door for anyone. Raises Unauthenticated, NotForThisPrincipal, TooManyRequests."""
        if policy.anonymous:
            self.allowance.guess(request.scope["state"]["client"]).count(at=time.monotonic())
            return NOBODY
        asker = await self._authenticated(request)
        who = asker.principal
        self.allowance.take(who.id, who.organization, at=time.monotonic())
        try:
            policy.admit(who)
        except NotForThisPrincipal as refusal:
            tell_refused(who, refusal, asked=f"{request.method} {request.url.path}")
            raise
        return asker

    def counting(self, answer: Answering) -> Answering:
        """`answer` for anyone, each request counted by the network it comes from."""

        async def counted(request: Request) -> Response:
            await self.pass_in(request, ANYONE)
            return await answer(request)

        return counted

    async def _authenticated(self, request: Request) -> Asker:
        """Who cannot say who they are is counted, before members is asked about them: guessing is slowed."""
        guess = self.allowance.guess(request.scope["state"]["client"])

        def count() -> None:
            guess.count(at=time.monotonic())

        try:
            now = self.clock.now().timestamp()
            asker = await self.authenticator.of(request.scope, now=now, before_asking=count)
        except Refusal:
            count()
            raise
        if asker is None:
            count()
            raise Unauthenticated
        guess.was_right()
        return asker


@dataclass(frozen=True, slots=True)
class _Question:
    """Equal to another whoever asks: `alike` calls answer both the same."""

    subject: str
    data: bytes
    asker: Asker = field(compare=False)
    request: Request = field(compare=False)
    key: str | None = None
    if_match: int | None = None


class Forwarder:
    """Makes the answer of each call."""

    def __init__(self, caller: Caller, gate: Gate, cursors: Cursors, catalogue: Catalogue) -> None:
        self._caller = caller
        self._gate = gate
        self._cursors = cursors
        self._catalogue = catalogue
        self._together = Joined(self._put, company=_COMPANY_SECONDS)

    def door(self, call: Call, *, tag: str) -> Door:
        """The door of `call`."""
        form = call.form()
        paper = Paper(
            summary=call.summary,
            tag=tag,
            query=call.parameters(),
            body=None if call.reads else form,
            bare=not call.reads and call.bare,
            reply=call.ask.reply if call.status != 204 else None,
            status=call.status,
            headers=(*_named("Idempotency-Key", call.key), *_named("If-Match", _if_match(call, dry=call.dry_run))),
        )
        return Door(method=call.method, path=call.path, policy=call.policy, answer=self.answering(call), paper=paper)

    def answering(self, call: Call) -> Answering:
        """What a door of `call` does with each request."""
        return self._reading(call) if call.reads else self._changing(call)

    def _reading(self, call: Call) -> Answering:
        reader, plainly = QueryReader(call), passes_on(call)
        replied = self._shared if call.alike else self._replied

        async def answer(request: Request) -> Response:
            asker = await self._gate.pass_in(request, call.policy)
            bound = f"{call.ask.wire} {asker.principal.id}"
            data = reader.read(request, lambda cursor: self._cursors.opened(cursor, bound_to=bound))
            raw = await replied(_Question(call.ask.wire, data, asker, request))
            if plainly and is_plain(raw):
                return passed_on(raw)
            reply = self._understood(raw)
            if isinstance(reply["data"], dict) and (after := reply["data"].get("next")) is not None:
                reply["data"]["next"] = self._cursors.sealed(after, bound_to=bound)
            return rendered(reply)

        return answer

    def _changing(self, call: Call) -> Answering:
        reader = BodyReader(call)

        async def answer(request: Request) -> Response:
            asker = await self._gate.pass_in(request, call.policy)
            key = idempotency_key(request, call.key)
            dry = call.dry_run and rehearses(request)
            if_match = seen_version(request, _if_match(call, dry=dry))
            browser = browser_of(request) if call.browser and is_own_page(request.scope) else None
            data = await reader.read(request, _known(call, asker, request, browser, dry=dry))
            asked = _Question(call.ask.wire, data, asker, request, key, if_match)
            response = rendered(self._understood(await self._replied(asked)))
            if browser is not None:
                browser.remember(response)
            return response

        return answer

    async def ask(self, subject: str, data: bytes, asker: Asker, request: Request) -> dict[str, Any]:
        """The service's answer. Raises its refusal, Unavailable or TimedOut."""
        return self._understood(await self._replied(_Question(subject, data, asker, request)))

    async def _shared(self, mine: _Question) -> bytes:
        """Put once, in the name of the first, for all who ask it at once, never before any of them did.

        Whoever is refused is so in their own name. Raises Unavailable, TimedOut.
        """
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                put, raw = await self._together(mine)
        except TimeoutError as error:
            raise TimedOut from error
        return raw if put is mine or is_plain(raw) else await self._replied(mine)

    async def _put(self, asked: _Question) -> tuple[_Question, bytes]:
        return asked, await self._replied(asked)

    async def _replied(self, asked: _Question) -> bytes:
        """The reply's bytes. Raises Unavailable, TimedOut."""
        parts = [
            b'{"principal":',
            asked.asker.json,
            b',"data":',
            asked.data,
            b',"correlationid":"',
            asked.request.scope["state"]["request_id"].encode(),
            b'","deadline":"',
            (self._gate.clock.now() + _LIFE).isoformat().encode(),
            b'"',
        ]
        if asked.key is not None:
            parts += [b',"key":', json.dumps(asked.key).encode()]
        if asked.if_match is not None:
            parts.append(b',"if_match":%d' % asked.if_match)
        await crashpoint("gateway.before_command")
        with telemetry.here(f"ask {asked.subject}", "client") as span:
            if span is not None:
                parts.append(b',"traceparent":"%b"' % span.traceparent.encode())
            parts.append(b"}")
            raw = await self._caller.raw(asked.subject, b"".join(parts))
        await crashpoint("gateway.after_command")
        return raw

    def _understood(self, raw: bytes) -> dict[str, Any]:
        """Raises the service's refusal."""
        reply: dict[str, Any] = orjson.loads(raw)
        if problem := reply.get("problem"):
            refused = Refused(problem)
            self._catalogue.learn(refused.code, refused.status, refused.text)
            raise refused
        return reply


def idempotency_key(request: Request, need: Need) -> str | None:
    """Rows B1 and B5. A key on a call that does not use one is passed over."""
    sent = header(request.scope, b"idempotency-key")
    if need == "unused":
        return None
    if not sent:
        if need == "required":
            raise KeyRequired
        return None
    if not _KEY.fullmatch(sent):
        raise KeyMalformed
    return sent.decode("ascii")


def seen_version(request: Request, need: Need) -> int | None:
    """The version `If-Match` names; `*` is any."""
    sent = header(request.scope, b"if-match")
    if need == "unused" or (not sent and need == "optional"):
        return None
    if not sent:
        raise IfMatchRequired
    if sent == b"*":
        return None
    match = _IF_MATCH.fullmatch(sent)
    if match is None:
        raise IfMatchMalformed
    return int(match[1])


def _known(
    call: Call, asker: Asker, request: Request, browser: Browser | None, *, dry: bool
) -> dict[str, str | bool | None]:
    """The fields of the command that say from where it is asked, and whether in earnest."""
    known: dict[str, str | bool | None] = {DRY_RUN: dry} if call.dry_run else {}
    known |= {call.session: asker.session} if call.session else {}
    known |= {call.client: request.scope["state"]["client"] or None} if call.client else {}
    return known | ({call.browser: browser.digest if browser else None} if call.browser else {})


def _if_match(call: Call, *, dry: bool) -> Need:
    return "optional" if dry else call.if_match


def _named(header_name: str, need: Need) -> tuple[str, ...]:
    return () if need == "unused" else (f"{header_name}!" if need == "required" else header_name,)

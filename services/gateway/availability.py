"""GET /v1/sites/{site}/availability/stream: a snapshot, then what is taken and released, as it happens (SSE)."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self

import orjson
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth import Asker, Authenticator
from services.gateway.calls import Call
from services.gateway.doors import Door, Paper
from services.gateway.forward import Forwarder, Gate
from services.gateway.lookout import Change, Listener, Lookout, News
from services.gateway.policy import EVERY_PRINCIPAL
from services.gateway.problems import header
from services.gateway.reading import QueryReader
from services.gateway.refusals import InvalidCursor, Unauthenticated
from services.gateway.streams import LOOK_SECONDS, PING_SECONDS, SEND_SECONDS, Stream
from shared.contracts.booking import AvailabilitySnapshot, ListResources
from shared.contracts.message import Query
from shared.kernel.refusal import NotFound, Refusal

PATH = "/v1/sites/{site}/availability/stream"
CALL = Call(
    method="GET",
    path=PATH,
    summary="What is free at a site, then what is taken and released (SSE, resumable)",
    ask=AvailabilitySnapshot,
    policy=EVERY_PRINCIPAL.within("bookings:read"),
)
_AGAIN_SECONDS = 1.0
Ask = Callable[[type[Query], Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Booking, in the name of who watches. Raises its refusal."""
_EARLIEST, _LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2200))
_ID = re.compile(r"([0-9]{1,18})-([0-9]{1,10})-([0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class Mark:
    """The id of an event: how far on the stream, and for which range, so that any gateway goes on from it."""

    position: int
    start: datetime
    end: datetime

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises InvalidCursor."""
        if not (found := _ID.fullmatch(text)):
            raise InvalidCursor
        position, start, end = map(int, found.groups())
        if not _EARLIEST <= start < end <= _LATEST:
            raise InvalidCursor
        return cls(position, datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))

    @property
    def range(self) -> dict[str, str]:
        """As it is asked for."""
        return {"from": self.start.isoformat(), "to": self.end.isoformat()}

    def at(self, position: int) -> str:
        """The id of an event behind this one."""
        return f"{position}-{self.start.timestamp():.0f}-{self.end.timestamp():.0f}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What one stream is about: real resources, within a range that stays what it was when the stream began."""

    resources: frozenset[str]
    mark: Mark

    @classmethod
    def of(cls, view: Mapping[str, Any]) -> Self:
        mark = Mark(0, *(datetime.fromisoformat(view[name]) for name in ("from", "to")))
        return cls(real_of({item["resource"]: item for item in view["items"]}), mark)

    def sees(self, change: Change) -> bool:
        within = change.starts_at < self.mark.end and self.mark.start < change.ends_at
        return within and change.resource in self.resources


def real_of(resources: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """The real ones of them: one that has `parts` is these."""
    return frozenset(each for name, resource in resources.items() for each in resource["parts"] or [name])


class AvailabilityStreams:
    """Its door."""

    def __init__(self, lookout: Lookout, forwarder: Forwarder, gate: Gate, authenticator: Authenticator) -> None:
        self._lookout = lookout
        self._forwarder = forwarder
        self._gate = gate
        self._authenticator = authenticator
        self._reader = QueryReader(CALL)

    def door(self) -> Door:
        paper = Paper(
            summary=CALL.summary,
            tag="booking",
            query=CALL.parameters(),
            media="text/event-stream",
            headers=("Last-Event-ID",),
        )
        return Door(method="GET", path=PATH, policy=CALL.policy, answer=self.answer, paper=paper)

    async def answer(self, request: Request) -> Response:
        """The asker's stream: the snapshot, or what changed since `Last-Event-ID`; then each change."""
        asker = await self._gate.pass_in(request, CALL.policy)
        asked = orjson.loads(self._reader.read(request, lambda cursor: cursor))
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        said = header(request.scope, b"last-event-id").decode("latin-1")
        last = Mark.read(said) if said else None
        if last is not None and not asked.keys() & {"from", "to"}:
            asked |= last.range
        listener = await self._lookout.enter(asker.principal.id, asked["site"])
        watch = _Watch(self._lookout, listener, asked, partial(self._asked, asker, request))
        try:
            first = await watch.begun(last)
        except BaseException:
            self._lookout.leave(listener)
            raise
        return Stream(
            self._events(watch, first, request),
            ping=PING_SECONDS,
            send_timeout=SEND_SECONDS,
            headers={"cache-control": "no-store"},
            on_end=lambda: self._lookout.leave(listener),
        )

    async def _events(
        self, watch: "_Watch", first: Sequence[ServerSentEvent], request: Request
    ) -> AsyncIterator[ServerSentEvent]:
        """What was sent is kept no longer: a picture is large, and a quiet stream lasts for hours."""
        yield ServerSentEvent(comment="open")
        events = deque(first)
        del first
        while True:
            while events:
                yield events.popleft()
            if not await self._still_let_in(request):
                return
            try:
                news = await watch.listener.next(LOOK_SECONDS)
            except TimeoutError:
                continue
            if news is None:
                return
            events.extend(await watch.told(news))

    async def _asked(
        self, asker: Asker, request: Request, contract: type[Query], asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        reply = await self._forwarder.ask(contract.wire, orjson.dumps(asked), asker, request)
        view: dict[str, Any] = reply["data"]
        return view

    async def _still_let_in(self, request: Request) -> bool:
        """Whether the credential is good, as it is now; who cannot be asked about a key says nothing against it."""
        try:
            await self._authenticator.of(request.scope, now=self._gate.clock.now().timestamp())
        except Unauthenticated:
            return False
        except Refusal:
            return True
        return True


class _Watch:
    """What one stream tells of the news its listener gets."""

    def __init__(self, lookout: Lookout, listener: Listener, asked: dict[str, Any], ask: Ask) -> None:
        self.listener = listener
        self._lookout = lookout
        self._asked = asked
        self._ask = ask
        self._scope: Scope
        self._position = 0

    async def begun(self, last: Mark | None) -> Sequence[ServerSentEvent]:
        """What to begin with: who comes back has its picture, and no other is taken for it if it can be helped.

        Raises the refusal of who does not answer.
        """
        position = self._lookout.position
        missed = None if last is None else await self._lookout.missed(self.listener.site, last.position)
        if last is None or missed is None:
            return [await self._snapshot(position)]
        self._look_at(Scope(await self._resources(), last))
        self._asked |= last.range
        self._position = last.position
        return self._changes(News(position, missed))

    async def told(self, news: News) -> Sequence[ServerSentEvent]:
        """Of a picture that cannot be had now: nothing, and it is asked for again a moment later."""
        if news.changes is not None:
            return self._changes(news)
        try:
            return [await self._snapshot(self._lookout.position)]
        except Refusal as refusal:
            if refusal.status < 500:
                self.listener.end()
            else:
                await asyncio.sleep(_AGAIN_SECONDS)
                self.listener.put(news)
        return []

    def _changes(self, news: News) -> Sequence[ServerSentEvent]:
        """Only with the last one is all told that this position stands for."""
        seen = [each for each in news.changes or () if self._scope.sees(each)]
        ids = [self._position] * (len(seen) - 1) + [news.position]
        self._position = news.position
        mark = self._scope.mark
        return [
            ServerSentEvent(each.text, event=each.kind, id=mark.at(position))
            for each, position in zip(seen, ids, strict=False)
        ]

    def _look_at(self, scope: Scope) -> None:
        self._scope = scope
        self.listener.sees = scope.sees

    async def _resources(self) -> frozenset[str]:
        """The real ones it is about. Raises NotFound."""
        wanted: dict[str, Any] = {name: self._asked[name] for name in ("site", "kind") if name in self._asked}
        found: dict[str, Mapping[str, Any]] = {}
        while True:
            page = await self._ask(ListResources, wanted)
            found |= {each["id"]: each for each in page["items"]}
            if page["next"] is None:
                break
            wanted["after"] = page["next"]
        if (only := self._asked.get("resource")) is None:
            return real_of(found)
        if only not in found:
            raise NotFound
        return real_of({only: found[only]})

    async def _snapshot(self, position: int) -> ServerSentEvent:
        """Taken after `position` was known, so that nothing lies between it and the changes that follow."""
        view = await self._ask(AvailabilitySnapshot, self._asked)
        self._look_at(Scope.of(view))
        self._asked |= {"from": view["from"], "to": view["to"]}
        self._position = position
        return ServerSentEvent(orjson.dumps(view).decode(), event="snapshot", id=self._scope.mark.at(position))

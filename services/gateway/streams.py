"""Inbox streams (SSE): one subscription per gateway process, fanned out in memory to the streams that are open.

A stream never holds anybody up: one whose reader is too slow is closed, and resumes with `Last-Event-ID`.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import orjson
from prometheus_client import Gauge
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth import Asker, Authenticator
from services.gateway.forward import Forwarder, Gate
from services.gateway.policy import SESSION
from services.gateway.problems import header
from services.gateway.reading import no_parameters
from services.gateway.refusals import InvalidCursor, TooManyStreams
from shared.contracts.notify import ListNotices, NoticeCreated
from shared.kernel.ids import ID_PATTERN
from shared.kernel.refusal import Refusal
from shared.kernel.time import Clock
from shared.kit.log import get_logger

log = get_logger()
STREAMS = Gauge("lounge_notice_streams", "Streams of notices that are open", ())
SUBJECT = f"evt.{NoticeCreated.wire}.>"
_WAITING = 64
LOOK_SECONDS = 2.0
PING_SECONDS = 15
SEND_SECONDS = 10
_REMEMBERED = 256
_PAGE = 100


class Inbox:
    """The open streams of every member, and the subscription that feeds them."""

    def __init__(self, connection: Callable[[], Any], *, most: int) -> None:
        self._connection = connection
        self._most = most
        self._open: dict[str, set[asyncio.Queue[Any]]] = defaultdict(set)

    async def subscribe(self) -> None:
        """Once, after the connection stands; it comes back by itself after every reconnect."""
        await self._connection().subscribe(SUBJECT, cb=self._heard)

    @property
    def reconnects(self) -> int:
        """Grows when messages may have been missed."""
        return int(self._connection().stats["reconnects"])

    def enter(self, member: str) -> asyncio.Queue[Any]:
        """A queue of the member's new notices; None in it is the end. Raises TooManyStreams."""
        if len(self._open.get(member, ())) >= self._most:
            raise TooManyStreams
        queue: asyncio.Queue[Any] = asyncio.Queue(_WAITING)
        self._open[member].add(queue)
        STREAMS.inc()
        return queue

    def leave(self, member: str, queue: asyncio.Queue[Any]) -> None:
        """The stream is closed. Leaving twice is no harm."""
        queues = self._open.get(member, set())
        if queue in queues:
            queues.remove(queue)
            STREAMS.dec()
        if not queues:
            self._open.pop(member, None)

    def close(self) -> None:
        """Ends every stream; their readers come back elsewhere."""
        for member, queues in list(self._open.items()):
            for queue in list(queues):
                self._end(member, queue)

    async def _heard(self, message: Any) -> None:
        try:
            data = orjson.loads(message.data)["data"]
            member, notice = data["member"], data["notice"]
        except (ValueError, TypeError, KeyError):
            log.warning("inbox.unreadable")
            return
        for queue in list(self._open.get(member, ())):
            self._put(member, queue, notice)

    def _put(self, member: str, queue: asyncio.Queue[Any], notice: Any) -> None:
        try:
            queue.put_nowait(notice)
        except asyncio.QueueFull:
            log.info("inbox.slow_reader_dropped")
            self._end(member, queue)

    def _end(self, member: str, queue: asyncio.Queue[Any]) -> None:
        self.leave(member, queue)
        while queue.full():
            queue.get_nowait()
        queue.put_nowait(None)


class NoticeStreams:
    """GET /v1/notifications/stream."""

    def __init__(
        self, inbox: Inbox, forwarder: Forwarder, gate: Gate, authenticator: Authenticator, clock: Clock
    ) -> None:
        self._inbox = inbox
        self._forwarder = forwarder
        self._gate = gate
        self._authenticator = authenticator
        self._clock = clock

    async def answer(self, request: Request) -> Response:
        """The asker's stream: first what came after `Last-Event-ID`, then each notice as it is made."""
        asker = await self._gate.pass_in(request, SESSION)
        no_parameters(request)
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        last = header(request.scope, b"last-event-id").decode("latin-1")
        if last and not ID_PATTERN.fullmatch(last):
            raise InvalidCursor
        queue = self._inbox.enter(asker.principal.id)
        try:
            missed = await self._since(last, asker, request) if last else []
        except BaseException:
            self._inbox.leave(asker.principal.id, queue)
            raise
        last = last or await self._newest(asker, request)
        events = self._events(queue, missed, last, asker, request)
        return Stream(
            events,
            ping=PING_SECONDS,
            send_timeout=SEND_SECONDS,
            headers={"cache-control": "no-store"},
            on_end=lambda: self._inbox.leave(asker.principal.id, queue),
        )

    async def _events(
        self, queue: asyncio.Queue[Any], missed: list[Any], last: str, asker: Asker, request: Request
    ) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment="open")
        told: deque[str] = deque([last], maxlen=_REMEMBERED)
        reconnects = self._inbox.reconnects
        while True:
            for notice in missed:
                if notice["id"] not in told:
                    told.append(notice["id"])
                    yield ServerSentEvent(orjson.dumps(notice).decode(), event="notice", id=notice["id"])
            if not self._authenticator.still_good(asker, now=self._clock.now().timestamp()):
                return
            fresh = await _next_of(queue)
            if None in fresh:
                return
            missed = fresh
            if self._inbox.reconnects != reconnects:
                reconnects = self._inbox.reconnects
                missed = await self._caught_up(told[-1], asker, request) + fresh

    async def _newest(self, asker: Asker, request: Request) -> str:
        """Where a stream that begins now would resume; empty where that is not known."""
        try:
            page = await self._forwarder.ask(ListNotices.wire, b'{"limit":1}', asker, request)
        except Refusal:
            return ""
        return str(page["data"]["items"][0]["id"]) if page["data"]["items"] else ""

    async def _caught_up(self, last: str, asker: Asker, request: Request) -> list[Any]:
        try:
            return await self._since(last, asker, request) if last else []
        except Refusal:
            return []

    async def _since(self, last: str, asker: Asker, request: Request) -> list[Any]:
        found: list[Any] = []
        while True:
            asked = orjson.dumps({"since": found[-1]["id"] if found else last, "limit": _PAGE})
            page = (await self._forwarder.ask(ListNotices.wire, asked, asker, request))["data"]["items"]
            found += page
            if len(page) < _PAGE:
                return found


class Stream(EventSourceResponse):
    """Calls `on_end` however the stream ends, also before its first event."""

    def __init__(self, events: AsyncIterator[ServerSentEvent], *, on_end: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(events, **kwargs)
        self._on_end = on_end

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            with suppress(SendTimeoutError):
                await super().__call__(scope, receive, send)
        finally:
            self._on_end()


async def _next_of(queue: asyncio.Queue[Any]) -> list[Any]:
    """What is waiting, or comes within a few seconds; perhaps nothing."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = [await queue.get()]
    except TimeoutError:
        return []
    while not queue.empty():
        found.append(queue.get_nowait())
    return found

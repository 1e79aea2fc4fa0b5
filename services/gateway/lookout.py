"""What changes at the sites somebody watches: one reader of booking's events per process, while anybody listens.

An event only says where to look: what is taken there is asked of booking, and that is told. So it does not matter in
which order the events of two bookings came, whether one came twice, or how many were read at once: a listener that
heads for the truth with each step arrives there. What was read by its sequence is not lost when a connection is.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from prometheus_client import Gauge

from services.gateway.auth import OURSELVES
from services.gateway.refusals import TooManyStreams
from shared.contracts.booking import Occupancy, Touched
from shared.kernel.refusal import Refusal
from shared.kit.log import get_logger
from shared.kit.nats.broker import LoungeBroker
from shared.kit.nats.request import Caller, Unavailable
from shared.kit.nats.tail import Kept, NatsError, Tail

log = get_logger()
STREAMS = Gauge("lounge_availability_streams", "Streams of availability that are open", ())
SUBJECT = "evt.booking.>"
_WAITING = 64
_LOOK_SECONDS = 2.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.005, 0.5
_READY_SECONDS = 5.0
_RANGES = 500
_MOST_MISSED = 5_000
Kind = Literal["taken", "released"]
Places = dict[tuple[str, str, str], None]
"""(resource, start, end), each once, in order."""


@dataclass(frozen=True, slots=True)
class Change:
    """A range of one resource, as the client is told of it (`text`, JSON)."""

    kind: Kind
    resource: str
    starts_at: datetime
    ends_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class News:
    """Up to `position` of the stream; `changes` None: the picture has to be taken anew."""

    position: int
    changes: Sequence[Change] | None


class Listener:
    """Of one site. It holds a bounded number of news; who does not fetch them in time gets the picture anew."""

    def __init__(self, who: str, site: str) -> None:
        self.who = who
        self.site = site
        self.sees: Callable[[Change], bool] = lambda _: True
        self.at_work = False
        """It goes by what it is told; before, it has not asked for its picture yet."""
        self._news: asyncio.Queue[News | None] = asyncio.Queue(_WAITING)

    @property
    def waiting(self) -> int:
        return self._news.qsize()

    def put(self, news: News) -> None:
        if news.changes is not None and not any(map(self.sees, news.changes)):
            return
        if self._news.full():
            log.info("availability.slow_reader")
            news = News(news.position, None)
        if news.changes is None:
            self._forget()
        self._news.put_nowait(news)

    def end(self) -> None:
        self._forget()
        self._news.put_nowait(None)

    async def next(self, seconds: float) -> News | None:
        """None: it is over. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            return await self._news.get()

    def _forget(self) -> None:
        while not self._news.empty():
            self._news.get_nowait()


class Lookout:
    """All listeners, and the reader that feeds them."""

    def __init__(self, broker: LoungeBroker, caller: Caller, *, most: int) -> None:
        self._broker = broker
        self._caller = caller
        self._most = most
        self._tail = Tail(broker, "EVENTS", SUBJECT)
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._listened, self._ready, self._rung = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.position = 0
        """Up to this event of booking all has been told; what is behind it comes to who listens now."""

    async def enter(self, who: str, site: str) -> Listener:
        """From now on it is told what changes behind `position`. Raises TooManyStreams, Unavailable."""
        if sum(each.who == who for group in self._listeners.values() for each in group) >= self._most:
            raise TooManyStreams
        listener = Listener(who, site)
        self._listeners[site].add(listener)
        STREAMS.inc()
        self._listened.set()
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._ready.wait()
        except BaseException as error:
            self.leave(listener)
            if isinstance(error, TimeoutError):
                raise Unavailable from error
            raise
        listener.at_work = True
        return listener

    def leave(self, listener: Listener) -> None:
        """Leaving twice is no harm."""
        group = self._listeners[listener.site]
        if listener in group:
            group.remove(listener)
            STREAMS.dec()
        if not group:
            del self._listeners[listener.site]
        if not self._listeners:
            self._listened.clear()

    def close(self) -> None:
        """Ends every stream; their readers come back elsewhere."""
        for group in list(self._listeners.values()):
            for listener in list(group):
                self.leave(listener)
                listener.end()

    async def run(self) -> None:
        """Until cancelled; at rest while nobody listens."""
        while True:
            await self._listened.wait()
            bell = await self._connection.subscribe(SUBJECT, cb=self._ring)
            try:
                await self._begin()
                while self._listened.is_set():
                    await self._turn()
            finally:
                self._ready.clear()
                with suppress(Exception):
                    await bell.unsubscribe()

    async def missed(self, site: str, since: int) -> Sequence[Change] | None:
        """What changed there behind that position, as it is now; None where the stream cannot tell that any more."""
        try:
            span, upto = await self._tail.span(), self.position
            if not span.first - 1 <= since <= span.last:
                return None
            found: list[Kept] = []
            while since < upto and len(found) < _MOST_MISSED:
                if not (page := await self._tail.after(since)):
                    break
                found += page
                since = page[-1].sequence
        except (NatsError, TimeoutError) as error:
            raise Unavailable from error
        # What is not there although it was read before has gone, or is not at this replica of the stream yet.
        return await self._seen(site, touched(found).get(site, {})) if since >= upto else None

    @property
    def _connection(self) -> Any:
        return self._broker.config.connection_state.connection

    async def _ring(self, _: Any) -> None:
        self._rung.set()

    async def _begin(self) -> None:
        """From what is on the stream now; who listened before does not know what was told meanwhile."""
        self.position = await self._tail.newest()
        for group in self._listeners.values():
            for listener in group:
                if listener.at_work:
                    listener.put(News(self.position, None))
        self._ready.set()

    async def _turn(self) -> None:
        """What came, once the bell has rung, or after a while without."""
        rung = await self._bell(_LOOK_SECONDS)
        pause = _SHORTEST_PAUSE
        try:
            while not (found := await self._tail.after(self.position)) and rung and pause <= _LONGEST_PAUSE:
                # The bell is rung before the message is stored everywhere.
                pause = _SHORTEST_PAUSE if await self._bell(pause) else pause * 2
            if not found and (await self._tail.span()).last < self.position:
                await self._begin()
        except (NatsError, TimeoutError) as error:
            log.warning("availability.unread", error=type(error).__name__)
            await asyncio.sleep(_LONGEST_PAUSE)
            return
        if found:
            await self._tell(found)

    async def _bell(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True

    async def _tell(self, found: Sequence[Kept]) -> None:
        told = {site: await self._changes(site, where) for site, where in touched(found).items()}
        self.position = found[-1].sequence
        for site, changes in told.items():
            for listener in self._listeners.get(site, ()):
                listener.put(News(self.position, changes))

    async def _changes(self, site: str, where: Places | None) -> Sequence[Change] | None:
        if site not in self._listeners:
            # Who enters meanwhile listens from before this on, so it cannot be told that nothing happened.
            return None
        try:
            return await self._seen(site, where)
        except Refusal as refusal:
            log.warning("availability.unseen", refusal=refusal.code)
            return None

    async def _seen(self, site: str, where: Places | None) -> Sequence[Change] | None:
        """What is taken there now, and what is not. Raises the refusal of who does not tell."""
        if where is None:
            return None
        places, changes = list(where), list[Change]()
        for first in range(0, len(places), _RANGES):
            ranges = [
                Touched(resource=resource, starts_at=datetime.fromisoformat(start), ends_at=datetime.fromisoformat(end))
                for resource, start, end in places[first : first + _RANGES]
            ]
            seen = await self._caller.request(Occupancy(site=site, ranges=tuple(ranges)), principal=OURSELVES)
            changes += [*_changes_of("released", seen["released"]), *_changes_of("taken", seen["taken"])]
        return changes


def _changes_of(kind: Kind, views: Iterable[dict[str, Any]]) -> Iterable[Change]:
    for view in views:
        start, end = (datetime.fromisoformat(view[name]) for name in ("starts_at", "ends_at"))
        yield Change(kind, view["resource"], start, end, orjson.dumps(view).decode())


def touched(found: Iterable[Kept]) -> dict[str, Places | None]:
    """By site: where something happened; None where an event did not tell, so that it may be anywhere."""
    where: dict[str, Places | None] = {}
    for kept in found:
        told = orjson.loads(kept.body)["data"]
        site = told.get("site", told.get("id"))  # of a site that is defined
        places, ranges = where.setdefault(site, {}), [told.get("taken"), told.get("released")]
        if places is None or None in ranges:
            where[site] = None
            continue
        places.update({(r["resource"], r["starts_at"], r["ends_at"]): None for each in ranges for r in each})
    return where

"""A local copy of what another service owns, fed from `STATE`: newer replaces older, a tombstone stays for ever."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from shared.contracts.message import State
from shared.kit.log import correlate
from shared.kit.mongo import DuplicateKeyError
from shared.kit.nats.received import received

S = TypeVar("S", bound=State)
FRESH_SECONDS = 2.0
"""A durable hands each message to one replica; the others learn of it by the clock."""
_MOST_CACHED = 10_000
Applied = Callable[[S], Awaitable[None]]
Erased = Callable[[S, S | None], Awaitable[None]]
"""Told the tombstone, and what stood before it; None where nothing did, or the tombstone was there already."""


class Copy(Generic[S]):
    """Copies of one kind of state, in the service's own collection, with a bounded memory of the hot ones.

    `needs`: the id without which nothing works here, where there is one.
    """

    def __init__(
        self, collection: Any, model: type[S], *, needs: str | None = None, fresh_seconds: float = FRESH_SECONDS
    ) -> None:
        self.collection = collection
        self.model = model
        self.fresh_seconds = fresh_seconds
        self._needs = needs
        self._cache: dict[str, tuple[float, S | None]] = {}
        self._reading: dict[str, tuple[float, asyncio.Task[S | None]]] = {}

    async def apply(self, state: S) -> bool:
        """False where the copy is the same or newer already. `state` needs `id` and `sequence`."""
        body = state.model_dump(mode="json")
        doc_id, sequence = body["id"], body["sequence"]
        older = {"_id": doc_id, "sequence": {"$lt": sequence}}
        try:
            result = await self.collection.replace_one(older, {"_id": doc_id, **body}, upsert=True)
        except DuplicateKeyError:
            result = await self.collection.replace_one(older, {"_id": doc_id, **body})
        self._cache.pop(doc_id, None)
        self._reading.pop(doc_id, None)  # what it brings may be older
        return bool(result.matched_count or result.upserted_id is not None)

    async def holds(self, state: S) -> bool:
        """Whether the copy is exactly this state: it was applied before, and nothing newer since."""
        body = state.model_dump(mode="json", include={"id", "sequence"})
        return await self.collection.find_one({"_id": body["id"], "sequence": body["sequence"]}, {"_id": 1}) is not None

    async def get(self, doc_id: str) -> S | None:
        """At most `fresh_seconds` old; None where nothing has arrived, and for what was erased.

        All who ask while it is read share that read.
        """
        now = time.monotonic()
        cached, reading = self._cache.get(doc_id), self._reading.get(doc_id)
        if cached is not None and now - cached[0] < self.fresh_seconds:
            return cached[1]
        if reading is None or now - reading[0] >= self.fresh_seconds:
            reading = self._reading[doc_id] = now, asyncio.create_task(self._read_now(doc_id, now))
        return await asyncio.shield(reading[1])

    async def _read_now(self, doc_id: str, began: float) -> S | None:
        """Remembered as old as its beginning, unless another was begun or a newer state applied meanwhile."""
        try:
            doc = await self.collection.find_one({"_id": doc_id})
            state = None if doc is None or doc.get("erased") else self.read(doc)
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            if state is not None and self._is_mine(doc_id):
                self._cache[doc_id] = (began, state)
            return state
        finally:
            if self._is_mine(doc_id):
                del self._reading[doc_id]

    def _is_mine(self, doc_id: str) -> bool:
        reading = self._reading.get(doc_id)
        return reading is not None and reading[1] is asyncio.current_task()

    async def is_erased(self, doc_id: str) -> bool:
        """Whether a tombstone stands: to be asked where `get` gave None and it matters why."""
        return await self.collection.find_one({"_id": doc_id, "erased": True}, {"_id": 1}) is not None

    async def now(self, doc_id: str) -> S | None:
        """As stored now, a tombstone too; None where nothing has arrived."""
        doc = await self.collection.find_one({"_id": doc_id})
        return None if doc is None else self.read(doc)

    def read(self, doc: dict[str, Any]) -> S:
        """The state a copy's document holds."""
        return self.model.model_validate({k: v for k, v in doc.items() if k != "_id"}, strict=False)

    async def complete(self) -> bool:
        """Whether what it needs has arrived."""
        return self._needs is None or await self.get(self._needs) is not None

    def feeding(self, applied: Applied[S] | None, erased: Erased[S] | None) -> Callable[[bytes], Awaitable[None]]:
        """What to do with each message that brings a state.

        `erased` is called before a tombstone is applied, so that a crash in between loses neither it nor what stood
        before; `applied` after a state was, and again where its message came back. Both bear being called twice.
        """

        async def feed(body: bytes) -> None:
            state = received(self.model, body)
            correlate(state.event.correlationid)
            if erased is not None and getattr(state.data, "erased", False):
                before = await self.now(state.data.model_dump()["id"])
                await erased(state.data, None if getattr(before, "erased", False) else before)
            now = await self.apply(state.data)
            if applied is not None and (now or await self.holds(state.data)):
                await applied(state.data)

        return feed

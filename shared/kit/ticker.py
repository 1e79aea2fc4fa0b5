"""Timers: due documents are taken with a lease and handed on; due and lease are judged by the database's clock."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from shared.contracts.topology import HANDLER_TIMEOUT
from shared.kernel.time import Clock
from shared.kit.clock import is_virtual
from shared.kit.crash import crashpoint
from shared.kit.log import correlated, get_logger
from shared.kit.metrics import TIMERS

log = get_logger()
LEASE_MS = 10_000
"""Longer than a handler may take, so that no two replicas run one timer at a time."""
_IDLE_SECONDS = 0.5
_SLACK = timedelta(hours=2)
"""How far a replica's clock may be off before it no longer sees what the database says is due."""
Handle = Callable[[dict[str, Any]], Awaitable[None]]
Read = Callable[[dict[str, Any]], dict[str, Any]]


class Ticker:
    """One collection's timers. A handler re-arms or disarms by changing the document; a failed one comes again.

    `read` puts what was stored into the form the handlers know.
    """

    def __init__(self, collection: Any, clock: Clock, handlers: Mapping[str, Handle], read: Read = dict) -> None:
        self._collection = collection
        self._clock = clock
        self._handlers = handlers
        self._read = read

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                doc = await self._take()
            except Exception as error:  # noqa: BLE001 — the next look finds the same
                log.warning("ticker.failed", collection=self._collection.name, error=type(error).__name__)
                doc = None
            if doc is None:
                await asyncio.sleep(_IDLE_SECONDS)
            else:
                await self._handle(doc)

    async def _take(self) -> dict[str, Any] | None:
        doc: dict[str, Any] | None = await self._collection.find_one_and_update(
            self._due(), [{"$set": {"lease": {"$add": ["$$NOW", LEASE_MS]}}}], sort=[("due_at", 1)]
        )
        return doc

    def _due(self) -> dict[str, Any]:
        now = self._clock.now()
        free = {"$lte": [{"$ifNull": ["$lease", None]}, "$$NOW"]}
        if is_virtual(self._clock):
            return {"due_at": {"$lte": now}, "$expr": free}
        return {
            "due_at": {"$lte": now + _SLACK},
            "$expr": {"$and": [{"$lte": ["$due_at", "$$NOW"]}, free]},
        }

    async def _handle(self, doc: dict[str, Any]) -> None:
        kind = doc.get("due_kind", "?")
        await crashpoint("ticker.after_due")
        try:
            with correlated(f"timer-{doc['_id']}"):
                async with asyncio.timeout(HANDLER_TIMEOUT):
                    await self._handlers[kind](self._read(doc))
        except Exception as error:
            TIMERS.labels(self._collection.name, kind, "failed").inc()
            log.exception("ticker.handler_failed", kind=kind, error=type(error).__name__)
        else:
            TIMERS.labels(self._collection.name, kind, "done").inc()

"""Timers: due documents are taken with a lease and handed on; due and lease are judged by the database's clock."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from shared.contracts.topology import HANDLER_TIMEOUT
from shared.kernel.refusal import Refusal
from shared.kernel.time import Clock
from shared.kit.clock import is_virtual
from shared.kit.crash import crashpoint
from shared.kit.log import correlated, get_logger
from shared.kit.metrics import TIMERS
from shared.kit.mongo import is_outage

log = get_logger()
LEASE_MS = 10_000
"""Longer than a handler may take, so that no two replicas run one timer at a time."""
LONGEST_MS = 600_000
"""A timer that failed waits a lease, then twice as long each time, up to this: those that fail starve no other."""
_MOST_DOUBLED = 16
_UNAVAILABLE = 503
_IDLE_SECONDS = 0.5
_SLACK = timedelta(hours=2)
"""How far a replica's clock may be off before it no longer sees what the database says is due."""
Handle = Callable[[dict[str, Any]], Awaitable[None]]
Read = Callable[[dict[str, Any]], dict[str, Any]]


class Ticker:
    """One collection's timers. A handler re-arms or disarms by changing the document; a failed one comes again, ever
    later, until something changes the document.

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
            await self._quietly(self._put_off(doc, error))
        else:
            TIMERS.labels(self._collection.name, kind, "done").inc()
            if "missed" in doc:  # a change of the document took it away; a plain document's own may not
                await self._quietly(self._collection.update_one(_same(doc), {"$unset": {"missed": ""}}))

    async def _put_off(self, doc: dict[str, Any], error: Exception) -> None:
        missed = doc.get("missed", 0)
        wait = min(LEASE_MS << min(missed, _MOST_DOUBLED), LONGEST_MS)
        lease = {"lease": {"$add": ["$$NOW", wait]}, "missed": missed + (not _passes(error))}
        await self._collection.update_one(_same(doc) | {"due_at": doc["due_at"]}, [{"$set": lease}])

    async def _quietly(self, write: Awaitable[Any]) -> None:
        try:
            await write
        except Exception as error:  # noqa: BLE001 — it comes again when the lease it was taken with ends
            log.warning("ticker.failed", collection=self._collection.name, error=type(error).__name__)


def _passes(error: Exception) -> bool:
    """It is not the document's fault, and no reason to wait longer the next time."""
    return is_outage(error) or (isinstance(error, Refusal) and error.status == _UNAVAILABLE)


def _same(doc: Mapping[str, Any]) -> dict[str, Any]:
    """A filter: nothing has changed it meanwhile, where it says its version."""
    return {"_id": doc["_id"], "version": doc.get("version")}

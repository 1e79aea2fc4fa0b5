"""Group commit: inserts that arrive while one is being written go out together, each with its own outcome."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.kernel.refusal import DeadlinePassed
from shared.kernel.time import Clock
from shared.kit.documents.sizes import LARGEST_DOCUMENT, TooLarge
from shared.kit.metrics import BATCH
from shared.kit.mongo import BulkWriteError, encoded

_MOST_DOCUMENTS = 128
_MOST_BYTES = 8 * 1024 * 1024
_ALONE = 100
"""A document with more claims than this goes out by itself: its insert costs several times a small one's."""


class DuplicateKey(Exception):
    """The document's own duplicate key; `details` as the server told."""

    def __init__(self, details: Mapping[str, Any]) -> None:
        super().__init__("duplicate key")
        self.details = details


class UnknownOutcome(Exception):
    """The write was sent and its outcome is not known: read again by key."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An encoded document, how many claims it has, whom to tell, and when it may not be written any more."""

    raw: Any
    claims: int
    done: asyncio.Future[None]
    deadline: datetime | None


class GroupCommit:
    """Inserts into one collection. Under no load a document goes out at once; while a write is out, others gather."""

    def __init__(self, collection: Any, clock: Clock) -> None:
        self._collection = collection
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def insert(self, document: Mapping[str, Any], *, deadline: datetime | None = None) -> None:
        """Returns once it is durable; it does not go out after the `deadline`, nor once the caller was cancelled.

        Raises DuplicateKey, UnknownOutcome, TooLarge, DeadlinePassed, bson's InvalidDocument.
        """
        raw = encoded(document)
        if len(raw.raw) > LARGEST_DOCUMENT:
            raise TooLarge(id=document["_id"])
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(raw, len(document.get("claims", ())), done, deadline))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def insert_new(self, documents: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Claimless documents whose id says all, in one write: for each, whether it is new or was there before.

        Raises UnknownOutcome, TooLarge, bson's InvalidDocument.
        """
        raws = [encoded(document) for document in documents]
        for raw, document in zip(raws, documents, strict=True):
            if len(raw.raw) > LARGEST_DOCUMENT:
                raise TooLarge(id=document["_id"])
        outcomes = await self._write(raws)
        for outcome in outcomes:
            if outcome is not None and not isinstance(outcome, DuplicateKey):
                raise outcome
        return [outcome is None for outcome in outcomes]

    async def _write_all(self) -> None:
        while self._waiting:
            batch = self._take()
            outcomes = await self._write([each.raw for each in batch]) if batch else []
            for each, error in zip(batch, outcomes, strict=True):
                if each.done.done():
                    continue
                if error is None:
                    each.done.set_result(None)
                else:
                    each.done.set_exception(error)

    def _take(self) -> list[_Waiting]:
        """The next batch, in order of arrival: a heavy document alone, else as many light ones as fit."""
        self._waiting = [each for each in self._waiting if self._is_wanted(each)]
        size, count = 0, 0
        for each in self._waiting[:_MOST_DOCUMENTS]:
            heavy = each.claims > _ALONE
            if count and (heavy or size + len(each.raw.raw) > _MOST_BYTES):
                break
            size, count = size + len(each.raw.raw), count + 1
            if heavy:
                break
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _is_wanted(self, each: _Waiting) -> bool:
        """Still; whoever came too late is told so."""
        if each.done.done():
            return False
        if each.deadline is None or self._clock.now() <= each.deadline:
            return True
        each.done.set_exception(DeadlinePassed())
        return False

    async def _write(self, raws: list[Any]) -> list[Exception | None]:
        BATCH.observe(len(raws))
        outcomes: list[Exception | None] = [None] * len(raws)
        try:
            await self._collection.insert_many(raws, ordered=False)
        except BulkWriteError as error:
            if error.details.get("writeConcernErrors"):
                return [UnknownOutcome() for _ in raws]
            for each in error.details["writeErrors"]:
                known = each["code"] == 11_000
                outcomes[each["index"]] = DuplicateKey(each) if known else UnknownOutcome(each["code"])
        except Exception as error:  # noqa: BLE001 — whatever it was, the outcome is unknown
            return [UnknownOutcome(repr(error)) for _ in raws]
        return outcomes

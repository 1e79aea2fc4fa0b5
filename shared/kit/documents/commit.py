"""Group commit: inserts that arrive while one is being written go out together, each with its own outcome."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

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


class GroupCommit:
    """Inserts into one collection. Under no load a document goes out at once; while a write is out, others gather."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self._waiting: list[tuple[Any, int, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def insert(self, document: Mapping[str, Any]) -> None:
        """Returns once it is durable. Raises DuplicateKey, UnknownOutcome, TooLarge, bson's InvalidDocument."""
        raw = encoded(document)
        if len(raw.raw) > LARGEST_DOCUMENT:
            raise TooLarge(id=document["_id"])
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((raw, len(document.get("claims", ())), done))
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
            outcomes = await self._write([raw for raw, _, _ in batch])
            for (_, _, done), error in zip(batch, outcomes, strict=True):
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def _take(self) -> list[tuple[Any, int, asyncio.Future[None]]]:
        """The next batch, in order of arrival: a heavy document alone, else as many light ones as fit."""
        size, count = 0, 0
        for raw, claims, _ in self._waiting[:_MOST_DOCUMENTS]:
            heavy = claims > _ALONE
            if count and (heavy or size + len(raw.raw) > _MOST_BYTES):
                break
            size, count = size + len(raw.raw), count + 1
            if heavy:
                break
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

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

"""The one write: create by insert, change by a loop on the version."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.kernel.refusal import Busy, DeadlinePassed, KeyReused, NotFound, VersionStale
from shared.kernel.time import Clock
from shared.kit import telemetry
from shared.kit.crash import crashpoint
from shared.kit.documents.chain import erasing
from shared.kit.documents.commit import DuplicateKey, GroupCommit, UnknownOutcome
from shared.kit.documents.draft import Cause, Draft, Stored, is_same, new_document, next_document, owing, update_of
from shared.kit.documents.forms import Forms
from shared.kit.documents.history import History, outgrown
from shared.kit.documents.recalling import recalled
from shared.kit.documents.sizes import TooLarge, check_size
from shared.kit.mongo import DuplicateKeyError, PyMongoError, is_outage, taken_claim
from shared.kit.nats.request import Unavailable

_ROUNDS = 12
_SETTLE_SECONDS = 2.0
"""With the driver's own patience this stays below a command's time, so an unknown outcome is answered as such."""
_SETTLE_PAUSE = 0.05
_MOVING = frozenset({"sent", "unsent", "next_try", "stated", "worded"})
"""What the relay changes beside the version."""
UNCHANGED = Forms()
Nudge = Callable[[dict[str, Any]], None]
Decide = Callable[[dict[str, Any]], Draft | None]


class ClaimTaken(Exception):
    """Another live document of the site holds this claim; nothing was written."""

    def __init__(self, claim: str) -> None:
        super().__init__(claim)
        self.claim = claim


class Documents:
    """One collection of documents. `collection` is the driver's own, for reads; every write goes through here.

    What it gives is in the newest of the collection's `forms`; what a query finds by itself is put into it by `newest`.
    """

    def __init__(self, collection: Any, history: Any, clock: Clock, nudge: Nudge, forms: Forms = UNCHANGED) -> None:
        self.collection = collection
        self._name: str = collection.name
        self.history = History(history)
        self.clock = clock
        self._nudge = nudge
        self._commit = GroupCommit(collection, clock)
        self.forms = forms
        self.newest = forms.newest_of

    async def get(self, doc_id: str, where: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """The document, if it also matches `where` (the principal, usually), which may name an `_id` of its own."""
        found = await self._stored(doc_id, where)
        return None if found is None else self.newest(found)

    async def _stored(self, doc_id: str, where: Mapping[str, Any] | None) -> dict[str, Any] | None:
        # Not merged: a filter that names `_id` itself would find another document than the one asked for.
        wanted = {"$and": [{"_id": doc_id}, where]} if where else {"_id": doc_id}
        found: dict[str, Any] | None = await self.collection.find_one(wanted)
        return found

    async def whole_log(self, doc: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every entry of a document's log, oldest first, with those that outgrew it."""
        return [*await self.history.of(doc), *doc["log"]]

    async def recall(self, doc: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
        """The document as it stood then; None where it was not there yet. Raises NotRecorded."""
        first = doc["log"][0]
        reaches = first["seq"] == 1 or first["time"] <= at
        return recalled(doc, doc["log"] if reaches else await self.whole_log(doc), at)

    async def log_page(self, doc: Mapping[str, Any], *, after: int, limit: int) -> list[dict[str, Any]]:
        """The entries behind number `after`, oldest first, at most `limit`."""
        moved = await self.history.of(doc, after=after, limit=limit)
        return [*moved, *(entry for entry in doc["log"] if entry["seq"] > after)][:limit]

    async def forget(
        self, doc_id: str, which: Callable[[Mapping[str, Any]], bool], *, names: Sequence[str] = ("reason",)
    ) -> int:
        """Erases what people wrote from the log entries that `which` picks: their `reason`, their `data`.

        Chain, version and everything else stay as they are. How many entries; what was not on the stream yet, or was
        moving to the history meanwhile, is found by asking again: an erasure is done once this answers 0.
        """
        doc = await self.get(doc_id) or {"log": [], "sent": 0}
        sent = [entry for entry in doc["log"] if entry["seq"] <= doc["sent"]]
        if picked := [entry for entry in sent if any(name in entry for name in names) and which(entry)]:
            updates = [erasing(entry, names, f"log.$[e{entry['seq']}].") for entry in picked]
            merged = {verb: {k: v for each in updates for k, v in each[verb].items()} for verb in ("$set", "$unset")}
            await self.collection.update_one(
                {"_id": doc_id}, merged, array_filters=[{f"e{entry['seq']}.seq": entry["seq"]} for entry in picked]
            )
        moved = await self.history.forget(doc_id, which, names)
        if doc.get("worded") and not await self.history.worded(doc_id):
            # Only if nothing moved since it was read: of that nobody has looked for words yet.
            still = {"_id": doc_id, "log.0.seq": doc["log"][0]["seq"]}
            await self.collection.update_one(still, {"$unset": {"worded": ""}})
        return len(picked) + moved

    async def insert(self, doc_id: str, site: str, draft: Draft, cause: Cause, *, at: datetime) -> Stored:
        """Creates; `replay` where the same key created it before.

        Raises ClaimTaken, KeyReused, TooLarge, DeadlinePassed, Unavailable (unknown: the same key may be retried).
        """
        with telemetry.here("store insert", collection=self._name):
            return await self._insert(doc_id, site, draft, _traced(cause), at=at)

    async def _insert(self, doc_id: str, site: str, draft: Draft, cause: Cause, *, at: datetime) -> Stored:
        doc = new_document(doc_id, site, draft, cause, at) | self.forms.marks
        self._in_time(cause)
        await crashpoint("store.before_write")
        try:
            await self._commit.insert(doc, deadline=cause.deadline)
        except DuplicateKey as error:
            claim = taken_claim(error.details)
            if claim is not None:
                raise ClaimTaken(claim) from None
            return await self._replayed(doc_id, cause)
        except UnknownOutcome as error:
            settled = await self._settled(doc_id, version=1)
            if settled is None:
                raise Unavailable from error
            doc = _checked(settled, cause)
        await crashpoint("store.after_write")
        self._nudge(doc)
        return Stored(doc)

    async def say_again(self, doc_id: str) -> None:
        """Its states once more, for a copy that may have missed them. Nothing where there is no such document.

        Owed like those of a change: the message of a personal state is erased before its successor is there.
        """
        if (doc := await self.get(doc_id)) is not None:
            same = {"_id": doc_id, "version": doc["version"]}
            owed = await self.collection.update_one(same, {"$set": owing(self.clock.now())})
            if owed.matched_count:  # else it has changed, and owes its newer states
                self._nudge(doc)

    async def insert_all(self, drafts: Mapping[str, Draft], site: str, cause: Cause, *, at: datetime) -> int:
        """Creates what is not there yet of these effects (id → draft, no claims, ids derived). How many that were.

        For fan-out, where one write per document would be the cost. Raises Unavailable: repeat it.
        """
        with telemetry.here("store insert", collection=self._name):
            cause = _traced(cause)
            marks = self.forms.marks
            docs = [new_document(doc_id, site, draft, cause, at) | marks for doc_id, draft in drafts.items()]
            await crashpoint("store.before_write")
            try:
                new = await self._commit.insert_new(docs)
            except UnknownOutcome as error:
                raise Unavailable from error
        await crashpoint("store.after_write")
        for doc, is_new in zip(docs, new, strict=True):
            if is_new:
                self._nudge(doc)
        return sum(new)

    async def replay(self, doc_id: str, cause: Cause) -> Stored | None:
        """What this key created before, or None. To be asked before any refusal of a create goes out."""
        doc = await self.get(doc_id)
        return None if doc is None else Stored(_checked(doc, cause), replay=True)

    async def _replayed(self, doc_id: str, cause: Cause) -> Stored:
        stored = await self.replay(doc_id, cause)
        if stored is None:
            raise Unavailable
        return stored

    async def change(
        self,
        doc_id: str,
        decide: Decide,
        cause: Cause,
        *,
        at: datetime,
        if_match: int | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> Stored:
        """Loads what also matches `where`, lets `decide` (pure) say the next body, writes it if nobody was faster.

        `decide` giving None, or a draft that changes nothing, writes nothing. Whatever `decide` raises goes out, after
        the key was looked up. Raises NotFound, VersionStale, KeyReused, ClaimTaken, TooLarge, DeadlinePassed, Busy,
        Unavailable.
        """
        for _ in range(_ROUNDS):
            stored = await self._stored(doc_id, where)
            if stored is None:
                raise NotFound
            doc = self.newest(stored)
            if await self._made_before(doc, cause):
                return Stored(doc, replay=True)
            if if_match is not None and doc["version"] != if_match:
                raise VersionStale(version=doc["version"])
            draft = decide(doc)
            if draft is None or is_same(doc, draft):
                return Stored(doc)
            self._in_time(cause)
            self.forms.check_writable(stored)
            with telemetry.here("store change", collection=self._name):
                after = next_document(doc, draft, _traced(cause), at)
                if await self._made_room(stored, after):
                    continue
                if await self._update(stored, after):
                    self._nudge(after)
                    return Stored(after)
        raise Busy

    async def _made_room(self, stored: dict[str, Any], after: dict[str, Any]) -> bool:
        """Whether it was too large only for what had not moved to the history yet. Raises TooLarge."""
        try:
            check_size(stored, after)
        except TooLarge:
            if not outgrown(stored):
                raise
            await self.history.take(self.collection, stored)
            return True
        return False

    async def _update(self, doc: dict[str, Any], after: dict[str, Any]) -> bool:
        """False where somebody was faster. An unknown outcome is settled by reading again."""
        await crashpoint("store.before_write")
        try:
            result = await self.collection.update_one(as_read(doc), update_of(doc, after))
        except DuplicateKeyError as error:
            raise ClaimTaken(taken_claim(error.details) or "?") from None
        except Exception as error:
            if not is_outage(error):
                raise
            found = await self._settled(doc["_id"], version=after["version"])
            if found is None:
                raise Unavailable from error
            return _holds(found, doc, after)
        await crashpoint("store.after_write")
        return bool(result.matched_count)

    async def _settled(self, doc_id: str, *, version: int) -> dict[str, Any] | None:
        """The document once it is at `version`: what a majority sees lags a moment behind a write just applied."""
        end = time.monotonic() + _SETTLE_SECONDS
        while (left := end - time.monotonic()) > 0:
            with suppress(PyMongoError, TimeoutError):
                found = await asyncio.wait_for(self.get(doc_id), left)
                if found is not None and found["version"] >= version:
                    return found
            await asyncio.sleep(_SETTLE_PAUSE)
        return None

    async def _made_before(self, doc: dict[str, Any], cause: Cause) -> bool:
        """Whether this key's change is in the log or, where that was cut, in the history. Raises KeyReused."""
        if not cause.scopes:
            return False
        entry = next((e for e in doc["log"] if e.get("command") in cause.scopes), None)
        if entry is None:
            entry = await self.history.made_by(doc, cause.scopes)
        if entry is None:
            return False
        if not cause.asked_the_same(entry.get("fingerprint")):
            raise KeyReused
        return True

    def _in_time(self, cause: Cause) -> None:
        if cause.deadline is not None and self.clock.now() > cause.deadline:
            raise DeadlinePassed


def as_read(doc: Mapping[str, Any]) -> dict[str, Any]:
    """A filter: nobody has changed it since, nor put it into another form."""
    same = {name: doc[name] for name in ("_id", "site", "version")}
    return same | {"form": doc.get("form")}


def _traced(cause: Cause) -> Cause:
    """The log's entries go on from the write that put them there, where that is traced."""
    traceparent = telemetry.current()
    return cause if traceparent is None else replace(cause, traceparent=traceparent)


def _checked(doc: dict[str, Any], cause: Cause) -> dict[str, Any]:
    """What a create with this key made. Raises KeyReused where it asked for something else."""
    if not cause.asked_the_same(doc.get("fingerprint")):
        raise KeyReused
    return doc


def _holds(found: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether what was read back is the attempted change, or stands on it; where not, it is decided anew."""
    fresh = after["log"][len(before["log"]) :]
    if fresh:
        return any(entry == fresh[-1] for entry in found["log"])
    return found["version"] == after["version"] and all(found.get(k) == v for k, v in after.items() if k not in _MOVING)

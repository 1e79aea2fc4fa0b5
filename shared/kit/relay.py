"""From the log to the stream: what a document recorded is published in order, then marked as sent.

Several relays at once only cause duplicates, and duplicates do nothing: the stream's dedupe window drops the early
ones, the consumers' keys the late ones.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from shared.contracts.message import State
from shared.contracts.privacy import is_personal
from shared.contracts.topology import STREAMS
from shared.kernel.ids import new_id
from shared.kernel.time import Clock
from shared.kit import telemetry
from shared.kit.crash import crashpoint
from shared.kit.documents.draft import owing
from shared.kit.documents.history import History
from shared.kit.documents.walking import changed_since, every
from shared.kit.envelopes import event_of, sequence_of, state_message
from shared.kit.log import get_logger
from shared.kit.marking import Marks, Outcome
from shared.kit.mongo import UpdateOne
from shared.kit.nats.publisher import NatsError, Publisher, SequenceMismatch

log = get_logger()
SWEEP_SECONDS = 1.0
GATHER_SECONDS = 0.01
"""How long a first nudge waits for company: a publish costs a sync to disk, shared by who goes along."""
_AT_ONCE = 128
_KEPT = timedelta(seconds=next(stream.max_age for stream in STREAMS if stream.name == "EVENTS"))
_MOST_QUEUED = 5_000
"""Whole documents in memory. What is beyond is `unsent` like the rest, and found by a sweep."""
_BACKOFF = timedelta(seconds=5)
ENTRY_HEADER = "Lounge-Entry"
"""`<collection> <entry id> <its hash in hex>` beside the event: for thirty days the stream is a witness of the record.
Without the hash where the entry has none.
"""
_MOST_COUNTED = 10_000
_MOST_LOOKED_AT = 1_000
States = Callable[[dict[str, Any]], Sequence[State]]


def no_states(_: dict[str, Any]) -> Sequence[State]:
    return ()


class Relay:
    """Sends one collection's log entries to `EVENTS` and its documents' states to `STATE`."""

    def __init__(
        self,
        service: str,
        collection: Any,
        history: Any,
        publisher: Publisher,
        clock: Clock,
        states: States = no_states,
    ) -> None:
        self._service = service
        self._collection = collection
        self._history = History(history)
        self._publisher = publisher
        self._clock = clock
        self._states = states
        self._queue: dict[str, dict[str, Any]] = {}
        self._marks = Marks(collection, self._history)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def nudge(self, doc: dict[str, Any]) -> None:
        """Something of the document is unsent; the newest version wins."""
        queued = self._queue.get(doc["_id"])
        if queued is None and len(self._queue) >= _MOST_QUEUED:
            return
        if queued is None or doc["version"] >= queued["version"]:
            self._queue[doc["_id"]] = doc
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled: what was nudged at once, what a crashed replica left by a sweep.

        A sweep that found as much as it may take is followed by the next one at once, as long as anything can be sent.
        """
        sweep_at, more = 0.0, False
        loop = asyncio.get_running_loop()
        while True:
            if (mark_at := self._marks.due_at) is not None and loop.time() >= mark_at:
                await self._marks.write_gathered()
            if loop.time() >= sweep_at or (more and not self._queue):
                more = await self._sweep()
                sweep_at = loop.time() + SWEEP_SECONDS
            if not self._queue:
                self._wake.clear()
                if (mark_at := self._marks.due_at) is None:
                    self._idle.set()
                until = sweep_at if mark_at is None else min(sweep_at, mark_at)
                try:
                    await asyncio.wait_for(self._wake.wait(), max(0.0, until - loop.time()))
                except TimeoutError:
                    continue
                await asyncio.sleep(GATHER_SECONDS)
            more = await self._send_some() and more

    async def drained(self) -> None:
        """Returns once everything nudged so far was sent and marked so, or put off."""
        await self._idle.wait()

    async def unsent(self) -> tuple[int, float]:
        """How many documents have unsent entries (up to 10,000), and the oldest entry's age in seconds.

        Also of those put off for now: an outage must not look like quiet between two tries.
        """
        count = await self._collection.count_documents({"unsent": True}, limit=_MOST_COUNTED)
        if count == 0:
            return 0, 0.0
        found = self._collection.find({"unsent": True}, {"log.seq": 1, "log.time": 1, "sent": 1})
        docs = await found.sort("next_try", 1).limit(_MOST_LOOKED_AT).to_list(_MOST_LOOKED_AT)
        oldest = min((e["time"] for d in docs for e in d["log"] if e["seq"] > d["sent"]), default=None)
        return count, max(0.0, (self._clock.now() - oldest).total_seconds()) if oldest else 0.0

    async def _sweep(self) -> bool:
        """Whether there may be more than it took. What was sent is marked first, or it would be found once more."""
        await self._marks.write_gathered()
        try:
            found = self._collection.find({"unsent": True, "next_try": {"$lte": self._clock.now()}})
            docs = await found.sort("next_try", 1).limit(_AT_ONCE).to_list(_AT_ONCE)
        except Exception as error:  # noqa: BLE001 — the next sweep finds the same
            log.warning("relay.sweep_failed", collection=self._collection.name, error=type(error).__name__)
            return False
        for doc in docs:
            if doc["_id"] not in self._queue:
                self.nudge(doc)
        return len(docs) == _AT_ONCE

    async def _send_some(self) -> bool:
        """Whether any of it was sent."""
        ids = list(self._queue)[:_AT_ONCE]
        outcomes = await asyncio.gather(*(self._send(self._queue.pop(doc_id)) for doc_id in ids))
        await self._marks.gather(outcomes)
        return any(outcome.sent for outcome in outcomes)

    async def _send(self, doc: dict[str, Any]) -> Outcome:
        """Where it could not be sent, the mark puts it off."""
        same = {"_id": doc["_id"], "version": doc["version"]}
        try:
            await crashpoint("relay.before_publish")
            for entry in doc["log"]:
                if entry["seq"] > doc["sent"]:
                    await self._publish(doc, entry, msg_id=entry["id"])
            stated = {s.wire.replace(".", "/"): await self._publish_state(doc, s) for s in self._states(doc)}
            await crashpoint("relay.after_publish")
        except Exception as error:  # noqa: BLE001 — one that cannot be sent, for whatever reason, starves no other
            log.warning("relay.put_off", collection=self._collection.name, error=type(error).__name__)
            later = UpdateOne(same, {"$set": {"next_try": self._clock.now() + _BACKOFF}})
            return Outcome(doc, later, sent=False)
        sent = doc["log"][-1]["seq"] if doc["log"] else doc["sent"]
        marked: dict[str, Any] = {"sent": sent} | ({"stated": stated} if stated else {})
        mark = UpdateOne(same, {"$set": marked, "$unset": {"unsent": "", "next_try": ""}})
        return Outcome(doc, mark, sent=True)

    async def _publish(self, doc: Mapping[str, Any], entry: Mapping[str, Any], *, msg_id: str) -> None:
        subject = f"evt.{entry['type']}.{doc['_id']}"
        with telemetry.resumed(f"publish {entry['type']}", "producer", entry.get("traceparent")) as span:
            traced = entry if span is None else {**entry, "traceparent": span.traceparent}
            body = orjson.dumps(event_of(self._service, doc["_id"], traced))
            place = f"{self._collection.name} {entry['id']}"
            headers = {ENTRY_HEADER: f"{place} {entry['h'].hex()}" if "h" in entry else place}
            await self._publisher.publish(subject, body, stream="EVENTS", msg_id=msg_id, headers=headers)

    async def _publish_state(self, doc: Mapping[str, Any], state: State) -> int:
        """The full state, unless the subject holds the same or a newer one. The subject's stream sequence after it.

        Of what is personal the older message is erased first: one that is only replaced stays readable on the disk. So
        the document has to be `unsent`, or a crash in between leaves it unsaid.
        """
        body = state.model_dump(mode="json", by_alias=True, exclude_defaults=getattr(state, "erased", False))
        subject = f"state.{state.wire}.{body['id']}"
        payload = state_message(self._service, state.wire, body, self._clock.now())
        expected = int((doc.get("stated") or {}).get(state.wire.replace(".", "/"), 0))
        for _ in range(8):
            if is_personal(type(state)):
                last = await self._publisher.last(subject, stream="STATE")
                if last is not None and sequence_of(last[1]) > body["sequence"]:
                    return last[0]
                if last is not None:
                    await self._publisher.erase(last[0], stream="STATE")
                expected = 0
            try:
                ack = await self._publisher.publish(subject, payload, stream="STATE", expect_last=expected)
            except SequenceMismatch:
                last = await self._publisher.last(subject, stream="STATE")
                if last is not None and sequence_of(last[1]) >= body["sequence"]:
                    return last[0]
                expected = last[0] if last else 0
            else:
                return int(ack.seq)
        raise NatsError(f"{subject} changed under every try")

    async def republish(self, since: datetime) -> int:
        """Every log entry from `since` on once more, under new message ids, and the states. How many entries."""
        run, count = new_id(self._clock.now()), 0
        async for doc, entry in self._entries(since):
            await self._publish(doc, entry, msg_id=f"{entry['id']}.{run}")
            count += 1
        return count

    async def take_back(self, doc_id: str, wire: str, *, word: str | None = None) -> int:
        """Erases a document's events of this kind from the stream, because of what people wrote into them. How many.

        With `word`, the field they wrote, what the log still holds of these events is said again without it: who has
        not heard of them yet still does, and who has hears the same event twice.
        Needs the right to do so (`topology`). What is said again later is taken from the log, which has to forget too.
        """
        subject, count = f"evt.{wire}.{doc_id}", 0
        while (last := await self._publisher.last(subject, stream="EVENTS")) is not None:
            await self._publisher.erase(last[0], stream="EVENTS")
            count += 1
        if word is not None:
            await self._say_without(doc_id, wire, word)
        return count

    async def _say_without(self, doc_id: str, wire: str, word: str) -> None:
        """Whatever could still be on the stream; sent or not: what was sent a moment ago is not marked so yet, and the
        relay, which has sent it, will not send it again.
        """
        doc = await self._collection.find_one({"_id": doc_id})
        run, since = new_id(self._clock.now()), self._clock.now() - _KEPT
        for entry in (*await self._history.of(doc), *doc["log"]):
            if entry["type"] == wire and "data" in entry and entry["time"] > since:
                said = {name: value for name, value in entry["data"].items() if name != word}
                await self._publish(doc, {**entry, "data": said}, msg_id=f"{entry['id']}.{run}")

    async def _entries(self, since: datetime) -> AsyncIterator[tuple[dict[str, Any], dict[str, Any]]]:
        async for doc in changed_since(self._collection, since):
            logged = doc.get("log", [])  # a plain document has one only once it had something to say
            moved = await self._history.of(doc) if logged and logged[0]["time"] >= since else []
            for entry in (*moved, *logged):
                if entry["time"] >= since and "data" in entry:
                    yield doc, entry

    async def restate(self) -> int:
        """Publishes every document's states again. How many documents. Raises NatsError."""
        count, owed = 0, list[dict[str, Any]]()
        async for doc in every(self._collection):
            count, states = count + 1, self._states(doc)
            if any(is_personal(type(state)) for state in states):
                owed.append(doc)
            else:
                for state in states:
                    await self._publish_state(doc, state)
            if len(owed) == _AT_ONCE:
                await self._say_owed(owed)
                owed = []
        await self._say_owed(owed)
        return count

    async def _say_owed(self, docs: Sequence[dict[str, Any]]) -> None:
        """Where one has changed meanwhile it owes its newer state."""
        if docs:
            debt = {"$set": owing(self._clock.now())}
            same = [{"_id": doc["_id"], "version": doc["version"]} for doc in docs]
            await self._collection.bulk_write([UpdateOne(each, debt) for each in same], ordered=False)
            outcomes = await asyncio.gather(*(self._send(doc) for doc in docs))
            if not (await self._marks.write(outcomes) and all(outcome.sent for outcome in outcomes)):
                raise NatsError("some could not be said: they are owed, and said by the relay")

"""What was said to all who come to a seminar, and how far its rows are planned.

The cursor makes a long fan-out a series of short pieces: whoever takes it up again goes on behind the last page.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notify.domain.audience import Registration, Said
from services.notify.domain.plan import Topic
from shared.kit.mongo import DuplicateKeyError, index

BROADCAST_INDEXES = [
    index([("seminar", 1), ("said_at", 1)]),
    index([("due_at", 1)], partial={"due_at": {"$exists": True}}),
]
FAN_OUT = "fan_out"
_HANDOVER = timedelta(seconds=9)
"""After this the ticker takes up what the subscriber left; longer than a subscriber may work on it."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """`facts` is the event's data as announced; `cursor` the id of the last registration planned for."""

    said: Said
    topic: Topic
    wire: str
    site: str
    facts: dict[str, Any]
    correlationid: str
    traceparent: str | None = None
    cursor: str = ""
    done: bool = False


class Broadcasts:
    """`{_id: event id, …}`; kept, since a registration that was there before it may still arrive."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def open(self, broadcast: Broadcast, *, at: datetime) -> Broadcast:
        """Stores it unless it is there, and gives it as it stands."""
        try:
            await self._collection.insert_one(_document(broadcast, at))
        except DuplicateKeyError:
            found = await self.get(broadcast.said.event)
            return found or broadcast
        return broadcast

    async def get(self, event: str) -> Broadcast | None:
        found = await self._collection.find_one({"_id": event})
        return None if found is None else broadcast_of(found)

    async def since(self, registration: Registration) -> list[Broadcast]:
        """All that was said about its seminar since it was made, oldest first."""
        version = registration.seminar_version
        later = {"said_at": {"$gte": registration.since}} if version is None else {"of_version": {"$gt": version}}
        found = self._collection.find({"seminar": registration.seminar, **later}).sort("said_at", 1)
        return [broadcast_of(doc) async for doc in found]

    async def advance(self, event: str, cursor: str) -> None:
        """Every registration up to `cursor` is planned for; the cursor never goes back."""
        await self._collection.update_one({"_id": event, "cursor": {"$lt": cursor}}, {"$set": {"cursor": cursor}})

    async def finish(self, event: str) -> None:
        await self._collection.update_one(
            {"_id": event}, {"$set": {"done": True}, "$unset": {"due_at": "", "due_kind": "", "lease": ""}}
        )

    async def pause(self, event: str, *, until: datetime) -> None:
        """To be continued by whichever ticker comes first."""
        await self._collection.update_one(
            {"_id": event, "done": False}, {"$set": {"due_at": until, "due_kind": FAN_OUT}, "$unset": {"lease": ""}}
        )


def broadcast_of(doc: dict[str, Any]) -> Broadcast:
    said = Said(doc["_id"], doc["seminar"], doc["of_version"], doc["said_at"].astimezone(UTC))
    return Broadcast(
        said,
        Topic(doc["topic"]),
        doc["wire"],
        doc["site"],
        doc["facts"],
        doc["correlationid"],
        doc.get("traceparent"),
        doc["cursor"],
        doc["done"],
    )


def _document(broadcast: Broadcast, at: datetime) -> dict[str, Any]:
    said = broadcast.said
    return {
        "_id": said.event,
        "site": broadcast.site,
        "seminar": said.seminar,
        "of_version": said.version,
        "said_at": said.at,
        "topic": broadcast.topic.value,
        "wire": broadcast.wire,
        "facts": broadcast.facts,
        "correlationid": broadcast.correlationid,
        "traceparent": broadcast.traceparent,
        "cursor": broadcast.cursor,
        "done": broadcast.done,
        "created_at": at,
        "due_at": at + _HANDOVER,
        "due_kind": FAN_OUT,
    }

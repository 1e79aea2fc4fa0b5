"""What sites sent: the ids that were taken in, and the messages that could not be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.kernel.ids import derived_id
from shared.kit.documents import Cause
from shared.kit.mongo import BulkWriteError, were_there

_TENDED = ("operation", "actor", "kind", "organization", "api_key", "reason")
_MOST_TENDED = 50


@dataclass(frozen=True, slots=True)
class Arrival:
    """One accepted message: whose, what it says (`digest`), and by which delivery it came."""

    site: str
    event_id: str
    digest: str
    delivery: str

    @property
    def id(self) -> str:
        return derived_id("arrival", self.site, self.event_id)


class Arrivals:
    """The collection `arrivals`: the first message with an id wins, for as long as one can come back."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def first(self, arrivals: Sequence[Arrival], *, at: datetime) -> list[Arrival]:
        """For each, the arrival that holds its id now: itself where it is the first, or this very delivery again.

        Raises BulkWriteError where not all may be stored for good; so does `Quarantine.keep`.
        """
        if not arrivals:
            return []
        rows = [
            {
                "_id": a.id,
                "site": a.site,
                "event": a.event_id,
                "digest": a.digest,
                "delivery": a.delivery,
                "received_at": at,
            }
            for a in arrivals
        ]
        try:
            await self._collection.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if not were_there(error):
                raise
        else:
            return list(arrivals)
        held = await self.held([a.id for a in arrivals])
        return [held[a.id] for a in arrivals]

    async def held(self, ids: Sequence[str]) -> dict[str, Arrival]:
        """By id; what is not there has not been accepted."""
        found = self._collection.find({"_id": {"$in": list(ids)}})
        return {d["_id"]: Arrival(d["site"], d["event"], d["digest"], d["delivery"]) async for d in found}


@dataclass(frozen=True, slots=True)
class Unusable:
    """A message to keep for a person, with the bytes as they came."""

    site: str
    delivery: str
    raw: bytes
    subject: str
    stream_sequence: int
    received_at: datetime
    reason: str
    details: str
    event_id: str | None
    type: str | None

    @property
    def id(self) -> str:
        return derived_id("quarantine", self.site, self.delivery)


class Quarantine:
    """The collection `quarantine`; one row per delivery, however often it is delivered again."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def keep(self, rows: Sequence[Unusable]) -> None:
        """Stored when this returns; rows that are there already stay as they are."""
        if not rows:
            return
        try:
            await self.collection.insert_many([_row(each) for each in rows], ordered=False)
        except BulkWriteError as error:
            if not were_there(error):
                raise

    async def get(self, site: str, identity: str) -> dict[str, Any] | None:
        row: dict[str, Any] | None = await self.collection.find_one({"_id": identity, "site": site})
        return row

    async def page(self, site: str, most: int, after: str | None) -> list[dict[str, Any]]:
        """Newest first."""
        where: dict[str, Any] = {"site": site} | ({"listed": {"$lt": after}} if after else {})
        rows: list[dict[str, Any]] = await self.collection.find(where).sort("listed", -1).limit(most).to_list(most)
        return rows

    async def mark(
        self,
        row: Mapping[str, Any],
        status: Literal["replayed", "discarded", "quarantined"],
        cause: Cause,
        *,
        at: datetime,
        **facts: Any,
    ) -> dict[str, Any]:
        """The row after it, which says who had that done and why; a discarded row stays discarded."""
        tended = {"at": at} | {name: told for name in _TENDED if (told := getattr(cause, name)) is not None}
        update: dict[str, Any] = {"$set": {"status": status, **facts}}
        update["$push"] = {"tended": {"$each": [tended], "$slice": -_MOST_TENDED}}
        if "outcome" in facts:
            update["$inc"] = {"replays": 1}
        same = {"_id": row["_id"], "site": row["site"], "status": {"$ne": "discarded"}}
        await self.collection.update_one(same, update)
        return await self.get(row["site"], row["_id"]) or dict(row)


def _row(each: Unusable) -> dict[str, Any]:
    return {
        "_id": each.id,
        "site": each.site,
        "listed": f"{int(each.received_at.timestamp() * 1000):013d}-{each.stream_sequence:012d}",
        "raw": each.raw,
        "subject": each.subject,
        "stream_sequence": each.stream_sequence,
        "delivery": each.delivery,
        "reason": each.reason,
        "details": each.details,
        "event_id": each.event_id,
        "type": each.type,
        "received_at": each.received_at,
        "status": "quarantined",
        "outcome": None,
        "replays": 0,
    }

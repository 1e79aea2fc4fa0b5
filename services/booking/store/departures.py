"""Who changed where they belong, and how far their bookings were looked through since.

The cursor makes a long list a series of short turns: whoever takes it up again goes on behind the last page.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.kit.mongo import DuplicateKeyError, index

DEPARTURE = "departure"
DEPARTURE_INDEXES = [index([("due_at", 1)], partial={"due_at": {"$exists": True}})]
SETTLED_AFTER = timedelta(seconds=20)
"""Then no replica goes by what it remembered of before, and every command begun then is written or given up."""
Kind = Literal["member", "organization"]


@dataclass(frozen=True, slots=True)
class Departure:
    """`sequence` is that of the state that gave reason to look; `after` the booking behind which to go on."""

    kind: Kind
    subject: str
    sequence: int
    settled_at: datetime
    after: tuple[datetime, str] | None = None

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.subject}"


class Departures:
    """One document for each who ever changed; while it has a `due_at` there is something left to do."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def open(self, kind: Kind, subject: str, sequence: int, *, at: datetime) -> None:
        """To be looked through from the beginning, by whichever ticker comes first. Twice is a look too many."""
        fields = {"kind": kind, "subject": subject, "sequence": sequence, "settled_at": at + SETTLED_AFTER}
        change = {"$set": {**fields, "due_at": at, "due_kind": DEPARTURE}, "$unset": {"after": "", "lease": ""}}
        try:
            await self._collection.update_one({"_id": f"{kind}:{subject}"}, change, upsert=True)
        except DuplicateKeyError:
            await self._collection.update_one({"_id": f"{kind}:{subject}"}, change)

    async def pause(self, departure: Departure, *, until: datetime) -> None:
        """To be continued behind `after`, or where that is None from the beginning; unless it was opened anew."""
        again = {"due_at": until, "after": list(departure.after) if departure.after else None}
        await self._collection.update_one(_same(departure), {"$set": again, "$unset": {"lease": ""}})

    async def close(self, departure: Departure) -> None:
        """All is done; unless it was opened anew."""
        done = dict.fromkeys(("due_at", "due_kind", "lease", "after"), "")
        await self._collection.update_one(_same(departure), {"$unset": done})


def departure_of(doc: dict[str, Any]) -> Departure:
    """The departure a document holds."""
    after = doc.get("after")
    return Departure(
        doc["kind"], doc["subject"], doc["sequence"], doc["settled_at"], (after[0], after[1]) if after else None
    )


def _same(departure: Departure) -> dict[str, Any]:
    return {"_id": departure.id, "sequence": departure.sequence, "settled_at": departure.settled_at}

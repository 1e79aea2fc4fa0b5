"""The rows the sender works off: one per (event, recipient), and one per sign-in code.

A row holds no address and no words, only facts and the recipient's id; once it is over it forgets the facts as well,
and a code's row its address and its code.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from services.notify.domain.plan import Topic
from shared.kernel.text import Language
from shared.kit.mongo import BulkWriteError, UpdateOne, encoded, index, were_there
from shared.kit.together import Together

LEASE_MS = 10_000
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_ATTEMPTS = 50
_PRIVATE = {"to": "", "code": "", "facts": ""}
_KEPT = 180 * 86_400
"""How long the ids of what was mailed are remembered: longer than any message can come back."""

MAIL_INDEXES = [
    index([("lane", 1), ("next_try", 1)], partial={"next_try": {"$exists": True}}),
    index([("recipient", 1), ("_id", 1)]),
    index([("ended_at", 1)], expire_after=_KEPT),
]


class Lane(IntEnum):
    """Personal mails and codes never queue behind an announcement to thousands."""

    PERSONAL = 0
    BROADCAST = 1


class Status(StrEnum):
    """`ready` rows have a `next_try`; every other status is the end of the row."""

    READY = "ready"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"


class Mails:
    """Due and lease go by the database's clock: a row is due once `next_try` is past; taking it moves that on."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self._added = Together(self._insert)
        self._ended = Together(self._end)

    async def add(self, rows: Sequence[dict[str, Any]]) -> int:
        """Stores what is not there yet; how many that were. Rows are made by `mail_row` and `code_row`."""
        return await self._added([encoded(row) for row in rows]) if rows else 0

    async def _insert(self, parts: Sequence[Sequence[Any]]) -> list[int]:
        """How many of each part were not there yet."""
        new = [len(part) for part in parts]
        try:
            await self._collection.insert_many([row for part in parts for row in part], ordered=False)
        except BulkWriteError as error:
            if not were_there(error):
                raise
            owner = [place for place, part in enumerate(parts) for _ in part]
            for each in error.details["writeErrors"]:
                new[owner[each["index"]]] -= 1
        return new

    async def any_of(self, ids: Sequence[str]) -> bool:
        return await self._collection.find_one({"_id": {"$in": list(ids)}}, {"_id": 1}) is not None

    async def take(self, lane: Lane, most: int) -> list[dict[str, Any]]:
        """The rows that have been due longest, at most so many, leased for ten seconds; none only where none is due."""
        due = {"lane": lane.value, "next_try": {"$exists": True}, "$expr": {"$lte": ["$next_try", "$$NOW"]}}
        while rows := await self._collection.find(due).sort("next_try", 1).limit(most).to_list(most):
            ids, lease = [row["_id"] for row in rows], secrets.token_hex(8)
            until = {"$add": ["$$NOW", LEASE_MS]}
            taken = await self._collection.update_many(
                {"_id": {"$in": ids}, **due},
                [{"$set": {"next_try": until, "tries": {"$add": ["$tries", 1]}, "lease": lease}}],
            )
            if taken.modified_count == len(rows):
                return [row | {"tries": row["tries"] + 1, "lease": lease} for row in rows]
            if taken.modified_count:
                ours = self._collection.find({"_id": {"$in": ids}, "lease": lease})
                return list(await ours.to_list(most))
        return []

    async def end(self, row: dict[str, Any], status: Status, *, at: datetime, reason: str | None = None) -> None:
        """The last word about it; what it was to say, and a code's address, are forgotten."""
        mine = {"_id": row["_id"], "status": Status.READY.value}
        await self._ended(UpdateOne(mine, _ending(status, at=at, reason=reason)))

    async def _end(self, endings: Sequence[UpdateOne]) -> Sequence[UpdateOne]:
        await self._collection.bulk_write(endings, ordered=False)
        return endings

    async def forget(self, member: str, email: str | None, *, at: datetime) -> int:
        """Nobody writes to them any more, and no row says what was written. How many were still to be sent."""
        waiting = {"next_try": {"$exists": True}, "status": Status.READY.value}
        to_them: list[dict[str, Any]] = [{**waiting, "recipient": member}]
        if email is not None:
            whole = {"$regex": f"^{re.escape(email)}$", "$options": "i"}
            to_them.append({**waiting, "lane": Lane.PERSONAL.value, "to": whole})
        ending, count = _ending(Status.DROPPED, at=at, reason="recipient-gone"), 0
        for each in to_them:
            count += (await self._collection.update_many(each, ending)).modified_count
        # Rows that ended under an earlier version kept their facts.
        older = {"recipient": member, "facts": {"$exists": True}}
        await self._collection.update_many(older, {"$unset": {"facts": ""}})
        return count

    async def forget_words(self, booking: str) -> None:
        """What was written into a booking, or a series and its times, is left out of the mails about it that are still
        to be sent.
        """
        about = [{"facts.id": booking}, {"facts.id": {"$gte": f"{booking}-", "$lt": f"{booking}."}}]
        where = {"lane": Lane.PERSONAL.value, "next_try": {"$exists": True}, "$or": about}
        await self._collection.update_many(where, {"$unset": {"facts.reason": ""}})

    async def of(self, member: str, *, after: str, limit: int) -> list[dict[str, Any]]:
        """The rows to one person with an id beyond `after`, by id."""
        found = self._collection.find({"recipient": member, "_id": {"$gt": after}}).sort("_id", 1)
        rows: list[dict[str, Any]] = await found.limit(limit).to_list(limit)
        return rows

    async def again(self, row: dict[str, Any], delay: timedelta, *, at: datetime, reason: str) -> None:
        """Due again after `delay`, unless somebody else has taken it meanwhile."""
        due = {"$add": ["$$NOW", int(delay.total_seconds() * 1000)]}
        attempts = {"$concatArrays": ["$attempts", [_outcome(at, "again", reason)]]}
        await self._collection.update_one(
            {"_id": row["_id"], "lease": row["lease"]},
            [{"$set": {"next_try": due, "attempts": {"$slice": [attempts, -_MOST_ATTEMPTS]}}}],
        )


def mail_row(mail_id: str, *, recipient: str, topic: Topic, lane: Lane, event: str, site: str) -> dict[str, Any]:
    """A row about an event; `facts` of its own or those of its `broadcast` are added by the caller."""
    return {
        "_id": mail_id,
        "site": site,
        "recipient": recipient,
        "topic": topic.value,
        "lane": lane.value,
        "event": event,
        "status": Status.READY.value,
        "next_try": _AT_ONCE,
        "tries": 0,
        "attempts": [],
    }


@dataclass(frozen=True, slots=True)
class Code:
    """A sign-in code to mail; without `code` it is a decoy that is written and thrown away."""

    to: str
    code: str | None
    language: Language
    expires_at: datetime


def code_row(mail_id: str, code: Code, *, correlationid: str, at: datetime) -> dict[str, Any]:
    """A row that carries its address and words itself, until it is over."""
    row = mail_row(mail_id, recipient="", topic=Topic.SIGN_IN_CODE, lane=Lane.PERSONAL, event=mail_id, site="")
    return row | {
        "to": code.to,
        "code": code.code,
        "decoy": code.code is None,
        "language": code.language,
        "expires_at": code.expires_at,
        "correlationid": correlationid,
        "created_at": at,
    }


def _ending(status: Status, *, at: datetime, reason: str | None) -> dict[str, Any]:
    return {
        "$set": {"status": status.value, "ended_at": at},
        "$unset": {"next_try": "", "lease": "", **_PRIVATE},
        "$push": _attempt(at, status.value, reason),
    }


def _outcome(at: datetime, outcome: str, reason: str | None) -> dict[str, Any]:
    return {"at": at, "outcome": outcome} | ({"reason": reason[:200]} if reason else {})


def _attempt(at: datetime, outcome: str, reason: str | None) -> dict[str, Any]:
    return {"attempts": {"$each": [_outcome(at, outcome, reason)], "$slice": -_MOST_ATTEMPTS}}

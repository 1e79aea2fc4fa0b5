"""Sessions: one plain document each, changed only where nobody was faster; the last write may have something to say."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.members.domain.session import Refreshed, Session, SessionEnded
from services.members.publish import contract_of
from services.members.store.mapping import SITE
from shared.kernel.refusal import Busy
from shared.kit.documents import Cause, outbox
from shared.kit.mongo import DuplicateKeyError

_ROUNDS = 60
_LISTED = 1_000


class Sessions:
    """The server forgets a session by its own clock, some time after it could last be used.

    `nudge` tells the collection's relay of a session that ended with something to announce.
    """

    def __init__(self, collection: Any, nudge: Callable[[dict[str, Any]], None]) -> None:
        self._collection = collection
        self._nudge = nudge

    async def open(self, session: Session) -> None:
        await self._write(_body(session), {"_id": session.id}, new=True)

    async def member_of(self, session_id: str) -> str:
        """Whose it is. Raises SessionEnded where there is none."""
        doc = await self._collection.find_one({"_id": session_id}, {"member": 1})
        if doc is None:
            raise SessionEnded
        return str(doc["member"])

    async def refresh(self, session_id: str, decide: Callable[[Session], Refreshed], cause: Cause) -> Refreshed:
        """Writes what `decide` leaves behind. Raises SessionEnded where there is none, and what `decide` raises."""
        for _ in range(_ROUNDS):
            doc = await self._collection.find_one({"_id": session_id})
            if doc is None or "digest" not in doc:
                raise SessionEnded
            before = _from(doc)
            refreshed = decide(before)
            if refreshed.after == before or await self._replace(before, refreshed, cause):
                return refreshed
        raise Busy

    async def revoke(self, session_id: str, member: str, at: datetime, *, reason: str | None = None) -> bool:
        """Also one that left no document: a token of ops. Another's session stays as it is: then False.

        Of one that had ended already the `reason` is not kept.
        """
        ended = {"revoked_at": {"$ifNull": ["$revoked_at", at]}, "touched": {"$ifNull": ["$touched", "$$NOW"]}}
        if reason is not None:
            over = {"$gt": ["$revoked_at", None]}
            ended["ended_because"] = {"$cond": [over, "$ended_because", {"$literal": reason}]}
        try:
            await self._collection.update_one({"_id": session_id, "member": member}, [{"$set": ended}], upsert=True)
        except DuplicateKeyError:
            return False
        return True

    async def revoked_since(self, since: datetime, after: str | None = None) -> tuple[list[str], str | None]:
        """The ids of those revoked at or after `since`, in the order of their ends, a thousand at most.

        With the id to go on after, where there are more; an `after` that is forgotten begins anew.
        """
        where: dict[str, Any] = {"revoked_at": {"$gte": since}}
        last = await self._collection.find_one({"_id": after}, {"revoked_at": 1}) if after is not None else None
        if last is not None and (at := last.get("revoked_at")) is not None:
            where = {"revoked_at": {"$gte": at}, "$or": [{"revoked_at": {"$gt": at}}, {"_id": {"$gt": after}}]}
        found = self._collection.find(where, {"_id": 1}).sort([("revoked_at", 1), ("_id", 1)]).limit(_LISTED + 1)
        ids = [doc["_id"] for doc in await found.to_list(_LISTED + 1)]
        return ids[:_LISTED], ids[_LISTED - 1] if len(ids) > _LISTED else None

    async def began(self, session_id: str, member: str, era: int) -> datetime | None:
        """When a living session of this member's era began; None for any other, and for a token of ops."""
        doc = await self._collection.find_one({"_id": session_id, "member": member, "revoked_at": {"$exists": False}})
        return doc.get("started_at") if doc and doc.get("era", 0) == era else None

    async def revoke_all(self, member: str, at: datetime, *, but_of_era: int | None = None) -> int:
        """All but those of that era. How many were alive."""
        living: dict[str, Any] = {"member": member, "revoked_at": {"$exists": False}}
        if but_of_era is not None:
            living["era"] = {"$ne": but_of_era}
        result = await self._collection.update_many(living, {"$set": {"revoked_at": at}})
        return int(result.modified_count)

    async def forget_reasons(self, member: str) -> None:
        """Why any of them was ended."""
        told = {"member": member, "ended_because": {"$exists": True}}
        await self._collection.update_many(told, {"$unset": {"ended_because": ""}})

    async def of(self, member: str, most: int) -> list[dict[str, Any]]:
        """The documents of a member's sessions, by id, which is by their beginning."""
        found: list[dict[str, Any]] = await self._collection.find({"member": member}).sort("_id", 1).to_list(most)
        return found

    async def _replace(self, before: Session, refreshed: Refreshed, cause: Cause) -> bool:
        """False where another replica was faster."""
        same = {"_id": before.id, "generation": before.generation, "digest": before.digest}
        fields = _body(refreshed.after)
        for event in refreshed.events:
            fields |= outbox(before.id, SITE, [contract_of(event, 1)], cause, event.at)
        written = await self._write(fields, same | {"revoked_at": {"$exists": False}}, new=False)
        if written and refreshed.events:
            self._nudge({"_id": before.id, **fields})
        return written

    async def _write(self, fields: dict[str, Any], same: dict[str, Any], *, new: bool) -> bool:
        update = {"$set": fields, "$currentDate": {"touched": True}}
        result = await self._collection.update_one(same, update, upsert=new)
        return bool(result.matched_count or result.upserted_id is not None)


def _body(session: Session) -> dict[str, Any]:
    body: dict[str, Any] = {
        "member": session.member,
        "digest": session.digest,
        "started_at": session.started_at,
        "generation": session.generation,
        "rotations": list(session.rotations),
        "era": session.era,
    }
    return body | ({"revoked_at": session.revoked_at} if session.revoked_at else {})


def _from(doc: dict[str, Any]) -> Session:
    return Session(
        id=doc["_id"],
        member=doc["member"],
        digest=doc["digest"],
        started_at=doc["started_at"],
        generation=doc["generation"],
        rotations=tuple(doc["rotations"]),
        revoked_at=doc.get("revoked_at"),
        era=doc.get("era", 0),
    )

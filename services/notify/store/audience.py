"""Notify's copy of who is registered or waiting for what."""

from datetime import datetime
from typing import Any

from services.notify.domain.audience import Registration
from shared.contracts.events import RegistrationState
from shared.kit.copies import Copy
from shared.kit.mongo import index

_READ = {"member": 1, "seminar": 1, "status": 1, "since": 1, "sequence": 1, "seminar_version": 1, "erased": 1}
Page = list[tuple[str, Registration | None]]
"""Ids of registrations in order, with what is known of each; an erased one as None."""
AUDIENCE_INDEXES = [index([("seminar", 1), ("_id", 1)])]


class Audience:
    """Reads of `notify__registration`'s copy."""

    def __init__(self, copy: Copy[RegistrationState]) -> None:
        self._copy = copy

    async def page(self, seminar: str, *, after: str, limit: int) -> Page:
        """Up to `limit` registrations of a seminar with an id beyond `after`."""
        found = (
            self._copy.collection.find({"seminar": seminar, "_id": {"$gt": after}}, _READ).sort("_id", 1).limit(limit)
        )
        return [(doc["_id"], _registration(doc)) for doc in await found.to_list(limit)]

    async def known(self, registration: str) -> Registration | None:
        """The latest that has arrived of one registration, straight from the collection: never from memory."""
        doc: dict[str, Any] | None = await self._copy.collection.find_one({"_id": registration})
        return None if doc is None else registration_of(self._copy.read(doc))


def _registration(doc: dict[str, Any]) -> Registration | None:
    """The same as `registration_of`, without building a model for each of thousands."""
    if doc.get("erased") or doc.get("status") is None or doc.get("since") is None:
        return None
    since = datetime.fromisoformat(doc["since"])
    version = doc.get("seminar_version")
    return Registration(doc["member"], doc["seminar"], doc["status"], since, doc["sequence"], version)


def registration_of(state: RegistrationState) -> Registration | None:
    """None for a tombstone."""
    if state.erased or state.member is None or state.seminar is None or state.status is None or state.since is None:
        return None
    version = state.seminar_version
    return Registration(state.member, state.seminar, state.status, state.since, state.sequence, version)

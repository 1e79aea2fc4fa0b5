"""People, from our copy of members: who they are, and whom they assist."""

import time
from collections.abc import Callable
from typing import Any

from services.booking.store.remembered import Remembered
from shared.contracts.members import MemberState
from shared.kit.copies import Copy
from shared.kit.mongo import index

PEOPLE_INDEXES = [index([("assistants", 1)])]


class People:
    """Reads of `booking__member`'s copy; what is remembered is at most two seconds old."""

    def __init__(self, copy: Copy[MemberState], *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._copy = copy
        self._assisted = Remembered[str, frozenset[str]](self._read_assisted, elapsed=elapsed)

    async def get(self, doc_id: str) -> MemberState | None:
        """None where nothing has arrived, and for who was erased."""
        return await self._copy.get(doc_id)

    async def assisted_by(self, member: str) -> frozenset[str]:
        """The ids of those who have named this member their assistant."""
        return await self._assisted.get(member)

    async def _read_assisted(self, member: str) -> frozenset[str]:
        where: dict[str, Any] = {"assistants": member, "active": True}
        return frozenset([doc["_id"] async for doc in self._copy.collection.find(where, {"_id": 1})])

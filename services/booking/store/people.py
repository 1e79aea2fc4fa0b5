"""People, from our copies of members: who they are, whom they assist, and what they are called."""

import time
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from services.booking.store.remembered import Remembered
from shared.contracts.members import ContactState, MemberState, NameView
from shared.contracts.message import State, personal
from shared.kernel.names import Name
from shared.kit.copies import Copy
from shared.kit.mongo import index

PEOPLE_INDEXES = [
    index([("assistants", 1)]),
    index([("organizations", 1)], partial={"roles": "organization_admin"}),
]
_MOST_ADMINS = 20


class NameState(State):
    """What is kept of `members.contact`: the name, and its erasure. No address comes in here."""

    wire: ClassVar[str] = ContactState.wire

    id: str
    sequence: int
    erased: bool = False
    name: Annotated[NameView | None, personal()] = None


class Names:
    """Reads of `booking__contact`'s copy."""

    def __init__(self, copy: Copy[NameState]) -> None:
        self._copy = copy

    async def of(self, member: str) -> Name | None:
        """At most two seconds old; None where none has arrived, and for who was erased."""
        known = await self._copy.get(member)
        return None if known is None or known.name is None else known.name.kernel()

    async def keeps(self, member: str) -> bool:
        """Whether their name is still stored now."""
        known = await self._copy.now(member)
        return known is not None and known.name is not None


class People:
    """Reads of `booking__member`'s copy; what is remembered is at most two seconds old."""

    def __init__(self, copy: Copy[MemberState], *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._copy = copy
        self._assisted = Remembered[str, frozenset[str]](self._read_assisted, elapsed=elapsed)

    async def get(self, doc_id: str) -> MemberState | None:
        """None where nothing has arrived, and for who was erased."""
        return await self._copy.get(doc_id)

    async def is_erased(self, doc_id: str) -> bool:
        return await self._copy.is_erased(doc_id)

    async def assisted_by(self, member: str) -> frozenset[str]:
        """The ids of those who have named this member their assistant."""
        return await self._assisted.get(member)

    async def now(self, member: str) -> MemberState | None:
        """As stored now; who was erased is known as erased."""
        return await self._copy.now(member)

    async def admins_of(self, organization: str) -> tuple[str, ...]:
        """The ids of those who administer it, by id, twenty at most: it is their home, and they have the role."""
        where = {"organizations": organization, "roles": "organization_admin", "active": True}
        found = self._copy.collection.find({**where, "organizations.0": organization}, {"_id": 1}).sort("_id", 1)
        return tuple(doc["_id"] for doc in await found.limit(_MOST_ADMINS).to_list(_MOST_ADMINS))

    async def _read_assisted(self, member: str) -> frozenset[str]:
        where: dict[str, Any] = {"assistants": member, "active": True}
        return frozenset([doc["_id"] async for doc in self._copy.collection.find(where, {"_id": 1})])

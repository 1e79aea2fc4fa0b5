"""Looking people up, for those who sign in and those who act for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.members.domain.address import Address
from services.members.domain.member import Member, Role, email_claim
from services.members.store.mapping import SITE, member_from

_MOST_ADMINS = 20


@dataclass(frozen=True, slots=True)
class People:
    """`collection` is the members'."""

    collection: Any

    async def active_by_address(self, to: Address) -> Member | None:
        return await self._one({"claims": email_claim(to), "active": True})

    async def active(self, member_id: str) -> Member | None:
        return await self._one({"_id": member_id, "active": True})

    async def known(self, member_id: str) -> Member | None:
        """Also one who is not active any more."""
        return await self._one({"_id": member_id, "erased_at": None})

    async def organizations_of(self, members: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """By id, of the active ones among them."""
        where = {"_id": {"$in": list(members)}, "site": SITE, "active": True}
        found = await self.collection.find(where, {"organizations": 1}).to_list(None) if members else []
        return {doc["_id"]: tuple(doc["organizations"]) for doc in found}

    async def admins_of(self, organization: str) -> tuple[str, ...]:
        """The ids of those who administer it, twenty at most: it is their home, and they have the role."""
        where = {"site": SITE, "organizations": organization, "roles": Role.ORGANIZATION_ADMIN.value, "active": True}
        found = self.collection.find({**where, "organizations.0": organization}, {"_id": 1}).sort("name_key", 1)
        return tuple(doc["_id"] for doc in await found.limit(_MOST_ADMINS).to_list(_MOST_ADMINS))

    async def _one(self, where: dict[str, Any]) -> Member | None:
        doc = await self.collection.find_one({"site": SITE, **where})
        return member_from(doc) if doc else None

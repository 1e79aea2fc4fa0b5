"""What time alone does to organizations: the ticker's turn, and the arming of those that no timer looks after yet."""

import asyncio
from dataclasses import dataclass
from typing import Any

from services.members.domain.deadlines import tick
from services.members.domain.joining import Occasion, Status
from services.members.store.mapping import SITE
from services.members.store.organizations import organization_draft, organization_from
from services.members.store.people import People
from shared.kernel.decision import Decision
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Documents, Draft
from shared.kit.log import get_logger

log = get_logger()
_MEMBERS = "members"
_LOOK_SECONDS = 60.0
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Deadlines:
    organizations: Documents
    people: People
    clock: Clock

    async def membership(self, doc: dict[str, Any]) -> None:
        """A timer is due, by the database's clock. Twice is once: the second finds that it is due no more."""
        at, tell = max(self.clock.now(), doc["due_at"]), await self.people.admins_of(doc["_id"])
        on = Occasion(at, _MEMBERS, tell=tell)

        def draft(found: dict[str, Any]) -> Draft:
            return organization_draft(tick(organization_from(found), on), found["version"] + 1)

        await self._change(doc["_id"], draft)

    async def arm(self) -> None:
        """For ever: an active organization stored before there were timers gets its own."""
        while True:
            if await self.arm_some() < _AT_ONCE:
                await asyncio.sleep(_LOOK_SECONDS)

    async def arm_some(self) -> int:
        """How many that were."""
        unarmed = {"site": SITE, "status": Status.ACTIVE.value, "due_at": None, "membership": {"$ne": None}}
        docs = await self.organizations.collection.find(unarmed, {"_id": 1}).limit(_AT_ONCE).to_list(_AT_ONCE)
        for doc in docs:
            await self._change(doc["_id"], _as_it_is)
        if docs:
            log.info("organizations.armed", count=len(docs))
        return len(docs)

    async def _change(self, org_id: str, draft: Any) -> None:
        cause = Cause("members.deadline", _MEMBERS, f"timer-{org_id}")
        await self.organizations.change(org_id, draft, cause, at=self.clock.now(), where={"site": SITE})


def _as_it_is(doc: dict[str, Any]) -> Draft:
    return organization_draft(Decision(organization_from(doc)), doc["version"] + 1)

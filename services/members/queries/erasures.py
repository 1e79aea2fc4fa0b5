"""How far erasures are, and their certificates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.members.domain.erasure import PARTS
from services.members.handlers.asking import actor_of
from services.members.queries.pages import one, page
from services.members.store.erasures import erasure_from, erasure_id, seal_of
from services.members.store.mapping import SITE
from services.members.store.secret import Secret
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.kernel.refusal import Forbidden, NotFound
from shared.kernel.time import Clock, shown, zone_of


@dataclass(frozen=True, slots=True)
class Erasures:
    """`collection` is the erasures'."""

    collection: Any
    secret: Secret
    clock: Clock

    async def erasure(self, ask: Asked[contract.GetErasure]) -> contract.ErasureView:
        """Raises NotFound, also for whoever is no staff."""
        if not actor_of(ask.principal).is_staff:
            raise NotFound
        return self.view(await one(self.collection, erasure_id(ask.data.id), {"site": SITE}))

    async def list_erasures(self, ask: Asked[contract.ListErasures]) -> contract.ErasuresView:
        """Raises Forbidden."""
        if not actor_of(ask.principal).is_operator:
            raise Forbidden
        where: dict[str, Any] = {"site": SITE}
        if ask.data.after is not None:
            where["_id"] = {"$gt": ask.data.after}
        docs, following = await page(self.collection.find(where).sort("_id", 1), ask.data.limit)
        return contract.ErasuresView(items=tuple(map(self.view, docs)), next=following)

    def view(self, doc: Mapping[str, Any]) -> contract.ErasureView:
        seal, completed_at = doc["seal"], doc["completed_at"]
        return contract.ErasureView(
            member=doc["member"],
            status="complete" if completed_at else "running",
            asked_by=doc["asked_by"],
            asked_at=_shown(doc["asked_at"]),
            completed_at=_shown(completed_at) if completed_at else None,
            parts=tuple(_part(service, doc["parts"].get(service)) for service in PARTS),
            seal=seal,
            intact=seal_of(erasure_from(doc), self.secret) == seal if seal else None,
            version=doc["version"],
        )

    async def longest_open(self) -> timedelta:
        """How long the oldest one runs that is not complete."""
        doc = await self.collection.find_one({"completed_at": None}, {"asked_at": 1}, sort=[("asked_at", 1)])
        return timedelta() if doc is None else self.clock.now() - doc["asked_at"]


def _part(service: Any, part: Mapping[str, Any] | None) -> contract.PartView:
    if part is None:
        return contract.PartView(service=service)
    return contract.PartView(service=service, done_at=_shown(part["done_at"]), counts=part["counts"])


def _shown(at: datetime) -> str:
    return shown(at, zone_of("UTC"))

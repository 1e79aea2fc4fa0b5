"""What is noted of a person who did not come."""

from dataclasses import dataclass
from typing import Any

from services.booking.domain.viewer import Viewer
from services.booking.store import Bookings, Sites
from shared.contracts.booking import StrikePage, Strikes, StrikeView
from shared.contracts.message import Asked, BilingualView
from shared.kernel.refusal import NotFound
from shared.kernel.time import shown, zone_of


@dataclass(frozen=True, slots=True)
class StrikeQueries:
    bookings: Bookings
    sites: Sites

    async def strikes(self, ask: Asked[Strikes]) -> StrikePage:
        """One's own; for staff those of anybody at their site, for operators all. Raises NotFound."""
        asked, by = ask.data, ask.principal
        viewer = Viewer.of(by.id, by.roles, by.site)
        if asked.member == by.id or viewer.everything:
            sites = await self.sites.ids()
        elif viewer.site is not None:
            sites = [viewer.site]
        else:
            raise NotFound
        if asked.site is not None:
            site = await self.sites.get(asked.site)
            sites = [site.id] if site.id in sites else []
        found = await self.bookings.struck(sites, asked.member)
        standing = sum("forgiven_at" not in doc["strike"] for doc in found)
        return StrikePage(standing=standing, items=tuple(map(_view, found[: asked.limit])))


def _view(doc: dict[str, Any]) -> StrikeView:
    zone, strike = zone_of(doc["time_zone"]), doc["strike"]
    forgiven = strike.get("forgiven_at")
    return StrikeView(
        booking=doc["_id"],
        site=doc["site"],
        resource=doc["resource"],
        resource_name=BilingualView(**doc["resource_name"]),
        starts_at=shown(doc["starts_at"], zone),
        at=shown(strike["at"], zone),
        forgiven_by=strike.get("forgiven_by"),
        forgiven_at=forgiven and shown(forgiven, zone),
        reason=doc.get("reason") if forgiven else None,
    )

"""The waiting list as its parties and the staff of a site see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.booking.domain.line import ahead, line
from services.booking.domain.wall import spoken_with_local
from services.booking.handlers.parties import Parties
from services.booking.queries.pages import cursor_of, first_instant, opened, zones_of
from services.booking.store import BookingsPage, Resources, Sites, Waits
from services.booking.store.mapping import Doc
from services.booking.store.waits import entry_of
from shared.contracts.booking import GetWait, ListWaits, WaitPage, WaitView
from shared.contracts.message import Asked
from shared.kernel.interval import Interval
from shared.kernel.refusal import NotFound
from shared.kernel.time import shown, zone_of


@dataclass(frozen=True, slots=True)
class WaitQueries:
    waits: Waits
    sites: Sites
    resources: Resources
    parties: Parties

    async def get_wait(self, ask: Asked[GetWait]) -> WaitView:
        """Raises NotFound."""
        doc = await self.waits.get(ask.data.id, await self.parties.viewer(ask.principal))
        if doc is None:
            raise NotFound
        return await self.view(doc)

    async def list_waits(self, ask: Asked[ListWaits]) -> WaitPage:
        """Staff who name no site get their own site's. Raises NotFound for an unknown site, CursorUnknown."""
        wanted, viewer = ask.data, await self.parties.viewer(ask.principal)
        zones = await zones_of(self.sites, wanted.site or viewer.site)
        page = BookingsPage(
            sites=tuple(zones),
            start=first_instant(wanted.from_, zones),
            end=first_instant(wanted.to, zones),
            status=wanted.status,
            after=opened(wanted.after),
            limit=wanted.limit + 1,
        )
        found = await self.waits.listed(page, viewer)
        items = found[: wanted.limit]
        positions = await self._positions(items)
        return WaitPage(
            items=tuple(_view(doc, positions.get(doc["_id"])) for doc in items),
            next=cursor_of(items[-1]) if len(found) > len(items) else None,
        )

    async def view(self, doc: Doc) -> WaitView:
        """With its position, while it waits."""
        return _view(doc, (await self._positions([doc])).get(doc["_id"]))

    async def _positions(self, docs: Iterable[Doc]) -> Mapping[str, int]:
        """Of those who wait among them, one read for each site."""
        by_site: dict[str, list[Doc]] = {}
        for doc in docs:
            if doc["status"] == "waiting":
                by_site.setdefault(doc["site"], []).append(doc)
        found: dict[str, int] = {}
        for site, waiting in by_site.items():
            found |= await self._positions_at(site, waiting)
        return found

    async def _positions_at(self, site: str, waiting: Sequence[Doc]) -> Mapping[str, int]:
        whole = Interval(min(doc["starts_at"] for doc in waiting), max(doc["ends_at"] for doc in waiting))
        resources = list((await self.resources.of(site)).values())
        places = line(await self.waits.waiting(site, whole), resources)
        return {doc["_id"]: 1 + ahead(entry_of(doc), places) for doc in waiting}


def _view(doc: Doc, position: int | None) -> WaitView:
    zone = zone_of(doc["time_zone"])
    said: dict[str, Any] = {**doc, **spoken_with_local(Interval(doc["starts_at"], doc["ends_at"]), zone)}
    said |= {"id": doc["_id"], "position": position, "created_at": shown(doc["created_at"], zone)}
    if offer := doc.get("offer"):
        said["offer"] = {**offer, **{name: shown(offer[name], zone) for name in ("offered_at", "expires_at")}}
    if skipped := doc.get("skipped"):
        said["skipped"] = {**skipped, "at": shown(skipped["at"], zone)}
    return WaitView.model_validate(said)

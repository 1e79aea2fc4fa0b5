"""Series: one, many, and what happened to one."""

from dataclasses import dataclass
from typing import Any

from services.booking.handlers.parties import Parties
from services.booking.queries.pages import cursor_behind, page_of
from services.booking.queries.views import history_entry_view, series_view
from services.booking.store import SeriesStore, Sites
from shared.contracts.booking import GetSeries, HistoryPage, ListSeries, SeriesHistory, SeriesPage, SeriesView
from shared.contracts.message import Asked, Principal
from shared.kernel.refusal import NotFound


@dataclass(frozen=True, slots=True)
class SeriesQueries:
    series: SeriesStore
    sites: Sites
    parties: Parties

    async def get_series(self, ask: Asked[GetSeries]) -> SeriesView:
        """Raises NotFound."""
        return series_view(await self._seen(ask.data.id, ask.principal))

    async def series_history(self, ask: Asked[SeriesHistory]) -> HistoryPage:
        """All of it, oldest first. Raises NotFound."""
        doc = await self._seen(ask.data.id, ask.principal)
        entries = await self.series.whole_log(doc)
        return HistoryPage(items=tuple(history_entry_view(each, doc["time_zone"]) for each in entries))

    async def list_series(self, ask: Asked[ListSeries]) -> SeriesPage:
        """Staff who name no site get their own site's. Raises NotFound for an unknown site, CursorUnknown."""
        viewer = await self.parties.viewer(ask.principal)
        page = await page_of(ask.data, viewer, self.sites)
        found = await self.series.listed(page, viewer)
        items = tuple(series_view(doc) for doc in found[: ask.data.limit])
        return SeriesPage(items=items, next=cursor_behind(found, page, by="ends_at"))

    async def _seen(self, series_id: str, principal: Principal) -> dict[str, Any]:
        doc = await self.series.get(series_id, await self.parties.viewer(principal))
        if doc is None:
            raise NotFound
        return doc

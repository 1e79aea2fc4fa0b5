"""Bookings: one, many, and what happened to one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.booking.domain.refusals import AsOfInFuture
from services.booking.domain.viewer import Viewer
from services.booking.handlers.parties import Parties
from services.booking.queries.pages import cursor_behind, cursor_of, page_of, page_of_all
from services.booking.queries.personal import personal_section, waiting_section, written_section
from services.booking.queries.views import booking_view, history_entry_view
from services.booking.store import Bookings, BookingsPage, SeriesStore, Sites, Waits
from shared.contracts.booking import (
    BookingHistory,
    BookingPage,
    BookingView,
    GetBooking,
    HistoryPage,
    ListBookings,
    PersonalDataInBooking,
)
from shared.contracts.message import Asked, Principal
from shared.contracts.privacy import PersonalDataView
from shared.kernel.refusal import NotFound
from shared.kernel.time import Clock

_PERSONAL = 200
_LETTERS = 400_000
"""Bookings per page of a person's own data, and bytes of what people wrote: well below what one message may be."""


@dataclass(frozen=True, slots=True)
class BookingQueries:
    bookings: Bookings
    series: SeriesStore
    waits: Waits
    sites: Sites
    parties: Parties
    clock: Clock

    async def get_booking(self, ask: Asked[GetBooking]) -> BookingView:
        """As it stands, or stood then, for those it is there for now. Raises NotFound, AsOfInFuture, NotRecorded."""
        doc, at = await self._seen(ask.data.id, ask.principal), ask.data.as_of
        if at is None:
            return booking_view(doc)
        if at > self.clock.now():
            raise AsOfInFuture
        stood = await self.bookings.recall(doc, at)
        if stood is None:
            raise NotFound
        return booking_view(stood)

    async def booking_history(self, ask: Asked[BookingHistory]) -> HistoryPage:
        """All of it, oldest first; of one time of a series, that of the series. Raises NotFound."""
        doc = await self._seen(ask.data.id, ask.principal)
        entries = await self.bookings.whole_log(doc)
        return HistoryPage(items=tuple(history_entry_view(each, doc["time_zone"]) for each in entries))

    async def list_bookings(self, ask: Asked[ListBookings]) -> BookingPage:
        """Each time of a series is one of them. Staff who name no site get their own site's.

        Raises NotFound for an unknown site, CursorUnknown.
        """
        viewer = await self.parties.viewer(ask.principal)
        page = await page_of(ask.data, viewer, self.sites)
        found = await self._listed(page, viewer)
        items = tuple(booking_view(doc) for doc in found[: ask.data.limit])
        return BookingPage(items=items, next=cursor_behind(found, page, by="starts_at"))

    async def personal_data(self, ask: Asked[PersonalDataInBooking]) -> PersonalDataView:
        """A page of one's own bookings, or for staff and operators of anybody's. Raises NotFound, CursorUnknown."""
        by, member = ask.principal, ask.data.member
        viewer = Viewer.of(by.id, by.roles, by.site)
        if member != viewer.member and not viewer.everything and viewer.site is None:
            raise NotFound
        page = await page_of_all(ask.data.after, _PERSONAL, self.sites)
        found = await self._listed(page, Viewer(member))
        entries = await self.bookings.written(found[:_PERSONAL])
        fitting = _fitting(found[:_PERSONAL], entries)
        sections = [personal_section(fitting, member)]
        if entries:
            sections.append(written_section(fitting, entries, member))
        if ask.data.after is None and (waits := await self._waited(page.sites, member)):
            reasons = await self.waits.reasons([doc["_id"] for doc in waits])
            sections.append(waiting_section(waits, reasons, member))
        more = cursor_of(fitting[-1]) if len(fitting) < len(found) else None
        return PersonalDataView(sections=tuple(sections), next=more)

    async def _listed(self, page: BookingsPage, viewer: Viewer) -> list[dict[str, Any]]:
        """Bookings, and the times of series as bookings, in one order."""
        found = [*await self.bookings.listed(page, viewer), *await self.series.occurring(page, viewer)]
        return sorted(found, key=lambda doc: (doc["starts_at"], doc["_id"]))[: page.limit]

    async def _waited(self, sites: Sequence[str], member: str) -> list[dict[str, Any]]:
        """All they ever waited for, and what became of it."""
        found: list[dict[str, Any]] = []
        page = BookingsPage(sites, limit=_PERSONAL)
        while more := await self.waits.listed(page, Viewer(member)):
            found += more
            page = replace(page, after=(more[-1]["starts_at"], more[-1]["_id"]))
        return found

    async def _seen(self, booking_id: str, principal: Principal) -> dict[str, Any]:
        doc = await self.bookings.get(booking_id, await self.parties.viewer(principal))
        if doc is None:
            raise NotFound
        return doc


def _fitting(
    found: Sequence[dict[str, Any]], entries: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """As many as one answer holds, and one at least."""
    room, fitting = _LETTERS, list[dict[str, Any]]()
    for doc in found:
        texts = [doc.get("purpose"), doc.get("reason")]
        for entry in entries.get(doc["_id"], ()):
            texts += [entry.get("reason"), *entry.get("words", {}).values()]
        room -= sum(len(text.encode()) for text in texts if text)
        if fitting and room < 0:
            break
        fitting.append(doc)
    return fitting

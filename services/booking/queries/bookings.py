"""Bookings: one, many, and what happened to one."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.booking.domain.refusals import AsOfInFuture, CursorUnknown
from services.booking.domain.viewer import Viewer
from services.booking.domain.wall import bound
from services.booking.handlers.parties import Parties
from services.booking.queries.personal import personal_section, waiting_section
from services.booking.queries.views import booking_view, history_entry_view
from services.booking.store import Bookings, BookingsPage, Sites, Waits
from shared.contracts.booking import (
    BookingHistory,
    BookingPage,
    BookingView,
    Bound,
    GetBooking,
    HistoryPage,
    ListBookings,
    PersonalDataInBooking,
)
from shared.contracts.message import Asked, Principal
from shared.contracts.privacy import PersonalDataView
from shared.kernel.refusal import NotFound
from shared.kernel.time import Clock, zone_of

_PERSONAL = 200
"""Bookings per page of a person's own data: well below what one message may be."""


@dataclass(frozen=True, slots=True)
class BookingQueries:
    bookings: Bookings
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
        """All of it, oldest first. Raises NotFound."""
        doc = await self._seen(ask.data.id, ask.principal)
        entries = await self.bookings.whole_log(doc)
        return HistoryPage(items=tuple(history_entry_view(each, doc["time_zone"]) for each in entries))

    async def list_bookings(self, ask: Asked[ListBookings]) -> BookingPage:
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
        found = await self.bookings.listed(page, viewer)
        items = found[: wanted.limit]
        return BookingPage(
            items=tuple(booking_view(doc) for doc in items),
            next=cursor_of(items[-1]) if len(found) > len(items) else None,
        )

    async def personal_data(self, ask: Asked[PersonalDataInBooking]) -> PersonalDataView:
        """A page of one's own bookings, or for staff and operators of anybody's. Raises NotFound, CursorUnknown."""
        by, member = ask.principal, ask.data.member
        viewer = Viewer.of(by.id, by.roles, by.site)
        if member != viewer.member and not viewer.everything and viewer.site is None:
            raise NotFound
        sites = tuple(await zones_of(self.sites, None))
        found = await self.bookings.listed(
            BookingsPage(sites, after=opened(ask.data.after), limit=_PERSONAL + 1), Viewer(member)
        )
        page = found[:_PERSONAL]
        following = cursor_of(page[-1]) if len(found) > len(page) else None
        sections = [personal_section(page, member)]
        if ask.data.after is None and (waits := await self._waited(sites, member)):
            sections.append(waiting_section(waits, member))
        return PersonalDataView(sections=tuple(sections), next=following)

    async def _waited(self, sites: tuple[str, ...], member: str) -> list[dict[str, Any]]:
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


async def zones_of(sites: Sites, site: str | None) -> dict[str, str]:
    """The zones of the sites a list runs over; every query names its sites, so that the index leads with them."""
    if site is not None:
        return {site: (await sites.get(site)).time_zone}
    return {doc["_id"]: doc["time_zone"] for doc in await sites.listed()}


def first_instant(at: Bound | None, zones: dict[str, str]) -> datetime | None:
    """A day over several sites begins where it begins first."""
    return None if at is None else min((bound(at, zone_of(zone)) for zone in zones.values()), default=None)


def cursor_of(doc: dict[str, Any]) -> str:
    return f"{doc['starts_at'].isoformat()}|{doc['_id']}"


def opened(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    at, _, booking_id = cursor.partition("|")
    try:
        return datetime.fromisoformat(at), booking_id
    except ValueError:
        raise CursorUnknown from None

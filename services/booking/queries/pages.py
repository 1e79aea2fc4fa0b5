"""Pages of a list over the bookings of one or more sites."""

from datetime import datetime
from typing import Any

from services.booking.domain.refusals import CursorUnknown
from services.booking.domain.viewer import Viewer
from services.booking.domain.wall import bound
from services.booking.store import BookingsPage, Sites
from shared.contracts.booking import Bound, ListBookings, ListSeries
from shared.kernel.time import zone_of


async def page_of(wanted: ListBookings | ListSeries, viewer: Viewer, sites: Sites) -> BookingsPage:
    """One more than wanted, to see whether there are more. Raises NotFound for an unknown site, CursorUnknown."""
    zones = await zones_of(sites, wanted.site or viewer.site)
    return BookingsPage(
        sites=tuple(zones),
        start=first_instant(wanted.from_, zones),
        end=first_instant(wanted.to, zones) if isinstance(wanted, ListBookings) else None,
        status=wanted.status,
        after=opened(wanted.after),
        limit=wanted.limit + 1,
    )


async def page_of_all(after: str | None, limit: int, sites: Sites) -> BookingsPage:
    """Of every site, without bounds. Raises CursorUnknown."""
    return BookingsPage(tuple(await sites.ids()), after=opened(after), limit=limit + 1)


def cursor_behind(found: list[dict[str, Any]], page: BookingsPage, *, by: str) -> str | None:
    """Behind the last one to be shown, if there are more; the list is in order of the instant `by`."""
    if len(found) < page.limit:
        return None
    return cursor_of(found[page.limit - 2], by=by)


def cursor_of(doc: dict[str, Any], *, by: str = "starts_at") -> str:
    return f"{doc[by].isoformat()}|{doc['_id']}"


async def zones_of(sites: Sites, site: str | None) -> dict[str, str]:
    """The zones of the sites a list runs over; every query names its sites, so that the index leads with them."""
    if site is not None:
        return {site: (await sites.get(site)).time_zone}
    return {doc["_id"]: doc["time_zone"] for doc in await sites.listed()}


def first_instant(at: Bound | None, zones: dict[str, str]) -> datetime | None:
    """A day over several sites begins where it begins first."""
    return None if at is None else min((bound(at, zone_of(zone)) for zone in zones.values()), default=None)


def opened(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    at, _, booking_id = cursor.partition("|")
    try:
        return datetime.fromisoformat(at), booking_id
    except ValueError:
        raise CursorUnknown from None

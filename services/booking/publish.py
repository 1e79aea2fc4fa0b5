"""Domain events in the published language; one exhaustive match."""

from typing import Any, assert_never

from services.booking.domain import events as said
from services.booking.domain.booking import Booking
from shared.contracts.booking import (
    BookingCancelled,
    BookingConfirmed,
    BookingExpired,
    BookingPlaced,
    ResourceDefined,
    SiteDefined,
)
from shared.contracts.message import BilingualView, Event

Said = said.BookingEvent | said.SiteDefined | said.ResourceDefined


def published(event: Said, *, version: int) -> Event:
    """`version` is that of the document once it holds the event."""
    match event:
        case said.BookingPlaced(booking):
            return BookingPlaced(**_gist(booking, version), **_standing(booking))
        case said.BookingConfirmed(booking, before):
            return BookingConfirmed(**_gist(booking, version), **_standing(booking), before=before.value)
        case said.BookingCancelled(booking, before):
            return BookingCancelled(**_gist(booking, version), before=before.value)
        case said.BookingExpired(booking, before):
            return BookingExpired(**_gist(booking, version), before=before.value)
        case said.SiteDefined(site):
            return SiteDefined(id=site, version=version)
        case said.ResourceDefined(site, resource):
            return ResourceDefined(site=site, resource=resource, version=version)
        case _:
            assert_never(event)


def _standing(booking: Booking) -> dict[str, Any]:
    return {"status": booking.status.value, "expires_at": booking.expires_at}


def _gist(booking: Booking, version: int) -> dict[str, Any]:
    return {
        "id": booking.id,
        "site": booking.site,
        "resource": booking.resource,
        "resource_name": BilingualView(ja=booking.resource_name.ja, en=booking.resource_name.en),
        "starts_at": booking.interval.start,
        "ends_at": booking.interval.end,
        "time_zone": booking.time_zone,
        "organization": booking.organization,
        "booked_by": booking.booked_by,
        "booked_for": booking.booked_for,
        "version": version,
    }

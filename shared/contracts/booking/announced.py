"""What booking announces: events, and the state of a site for others' copies."""

from shared.contracts.booking.words import BookingStatus
from shared.contracts.message import BilingualView, Event, Id, Instant, SiteId, State, Zone


class SiteState(State, wire="booking.site.v1"):
    """A site as others need it: its name, zone, and whether it sends messages of its own (`producer`)."""

    id: SiteId
    sequence: int
    erased: bool = False
    name: BilingualView | None = None
    time_zone: Zone = "UTC"
    producer: bool = False


class BookingPlaced(Event, wire="booking.booking_placed.v1"):
    """A booking now occupies its resource."""

    id: Id
    site: SiteId
    resource: Id
    resource_name: BilingualView
    status: BookingStatus
    starts_at: Instant
    ends_at: Instant
    time_zone: Zone
    organization: Id
    booked_by: Id
    booked_for: Id
    version: int


class BookingCancelled(Event, wire="booking.booking_cancelled.v1"):
    """A booking no longer occupies its resource."""

    id: Id
    site: SiteId
    resource: Id
    resource_name: BilingualView
    starts_at: Instant
    ends_at: Instant
    time_zone: Zone
    organization: Id
    booked_by: Id
    booked_for: Id
    version: int


class SiteDefined(Event, wire="booking.site_defined.v1"):
    """A site is new, or its name, zone, calendars or producer mark changed."""

    id: SiteId
    version: int


class ResourceDefined(Event, wire="booking.resource_defined.v1"):
    """A resource is new, or what is sold of it changed."""

    site: SiteId
    resource: Id
    version: int

"""What booking announces: events, and the state of a site for others' copies."""

from typing import Annotated

from shared.contracts.booking.words import BookingStatus, BookingWord, LeavingReason, MovingReason
from shared.contracts.message import BilingualView, Event, Id, Instant, SiteId, State, View, Zone, personal


class SiteState(State, wire="booking.site.v1"):
    """A site as others need it: its name, zone, and whether it sends messages of its own (`producer`)."""

    id: SiteId
    sequence: int
    erased: bool = False
    name: BilingualView | None = None
    time_zone: Zone = "UTC"
    producer: bool = False


class OccupiedView(View):
    """Granules of a real resource (a combined one is its parts), cleaning up included."""

    resource: Id
    starts_at: Instant
    ends_at: Instant


class BookingEvent(Event):
    """What every event about a booking tells of it, as of `version`.

    `former` are those who made or held it and have left: it is not theirs any more. `taken`, `released`: what it keeps
    others from since this event, and what it no longer does; where they are missing, an older replica did not tell.
    """

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
    former: tuple[Id, ...] = ()
    version: int
    taken: tuple[OccupiedView, ...] | None = None
    released: tuple[OccupiedView, ...] | None = None


class BookingPlaced(BookingEvent, wire="booking.booking_placed.v1"):
    """A booking now occupies its resource; where `expires_at` is given, only until then unless it is settled."""

    status: BookingStatus
    expires_at: Instant | None = None


class BookingSubmitted(BookingEvent, wire="booking.booking_submitted.v1"):
    """Its holder wants for certain what was only kept (`before`); staff have to approve it by `expires_at`."""

    status: BookingStatus
    expires_at: Instant | None = None
    before: BookingStatus


class BookingConfirmed(BookingEvent, wire="booking.booking_confirmed.v1"):
    """What was held, provisional or pending (`before`) is now booked; `reason` is what staff said to it."""

    status: BookingStatus
    expires_at: Instant | None = None
    before: BookingStatus
    reason: Annotated[str | None, personal()] = None


class BookingCancelled(BookingEvent, wire="booking.booking_cancelled.v1"):
    """A booking no longer occupies its resource. `before` is what it was, where that is known.

    `rejected`: staff did not approve it. `debit_kept`: it was cancelled so late that its hours are not given back.
    `because` is given where neither its parties nor staff did it; then `tell` are the admins of the organization.
    """

    before: BookingStatus | None = None
    reason: Annotated[str | None, personal()] = None
    rejected: bool = False
    debit_kept: bool = False
    because: LeavingReason | None = None
    tell: tuple[Id, ...] = ()


class BookingHandedOver(BookingEvent, wire="booking.booking_handed_over.v1"):
    """A booking goes on without `handed_over_by`, who made or held it and has left: it is `booked_for`'s now.

    `tell` are the admins of the organization.
    """

    status: BookingStatus
    handed_over_by: Id
    because: LeavingReason
    tell: tuple[Id, ...] = ()


class BookingExpired(BookingEvent, wire="booking.booking_expired.v1"):
    """A booking no longer occupies its resource, because nobody settled in time what it was (`before`)."""

    before: BookingStatus


class BookingReminded(BookingEvent, wire="booking.booking_reminded.v1"):
    """A provisional booking has still to be confirmed, and its deadline is near."""

    status: BookingStatus
    expires_at: Instant | None = None


class BookingChallenged(BookingEvent, wire="booking.booking_challenged.v1"):
    """Another member wants the time of a provisional booking: it ends at `expires_at` unless confirmed, sooner now."""

    status: BookingStatus
    expires_at: Instant | None = None


class PlaceView(View):
    """Where and when a booking was."""

    resource: Id
    resource_name: BilingualView
    starts_at: Instant
    ends_at: Instant


class BookingMoved(BookingEvent, wire="booking.booking_moved.v1"):
    """A booking occupies another time or place than `before`; where approval is needed it waits for that (`status`).

    `because` is given where neither its parties nor staff did it.
    """

    status: BookingStatus
    expires_at: Instant | None = None
    before: PlaceView
    because: MovingReason | None = None


class BookingChanged(BookingEvent, wire="booking.booking_changed.v1"):
    """What is written about a booking changed, not its time or place; `changed` names the fields."""

    status: BookingStatus
    expires_at: Instant | None = None
    changed: tuple[BookingWord, ...]


class RangeView(View):
    """From when until when."""

    starts_at: Instant
    ends_at: Instant


class BookingCheckedIn(BookingEvent, wire="booking.booking_checked_in.v1"):
    """Its people are there. `regained`: they came late, and it occupies that again after it was cut as a no-show."""

    status: BookingStatus
    regained: RangeView | None = None


class PresenceChosen(BookingEvent, wire="booking.presence_chosen.v1"):
    """Whom a booking is for, and who is there, chose to be seen (`visible`) or not to be."""

    status: BookingStatus
    visible: bool


class BookingCheckedOut(BookingEvent, wire="booking.booking_checked_out.v1"):
    """Its people have left. `freed`: what it no longer occupies, cleaning up included, and keeps nobody from."""

    status: BookingStatus
    freed: RangeView | None = None


class BookingCompleted(BookingEvent, wire="booking.booking_completed.v1"):
    """Its time is over; its people were there."""

    status: BookingStatus


class BookingNoShow(BookingEvent, wire="booking.booking_no_show.v1"):
    """Nobody came: it was cut at `ends_at` and keeps its hours. Until `booked_until` who comes late may have it back.

    `freed`: what it no longer occupies, cleaning up included.
    """

    status: BookingStatus
    booked_until: Instant
    freed: RangeView | None = None


class StrikeForgiven(BookingEvent, wire="booking.strike_forgiven.v1"):
    """A no-show no longer counts against whom the booking was for."""

    status: BookingStatus


class SiteDefined(Event, wire="booking.site_defined.v1"):
    """A site is new, or its name, zone, calendars or producer mark changed."""

    id: SiteId
    version: int


class ResourceDefined(Event, wire="booking.resource_defined.v1"):
    """A resource is new, or what is sold of it changed."""

    site: SiteId
    resource: Id
    version: int

"""The waiting list: what one waits for, what is offered, what becomes of it."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.booking.announced import OccupiedView, RangeView
from shared.contracts.booking.reads import ReasonView
from shared.contracts.booking.words import (
    Attendees,
    Bound,
    Cursor,
    LeavingReason,
    Limit,
    LocalView,
    MovingReason,
    Purpose,
    ResourceKind,
)
from shared.contracts.message import (
    BilingualView,
    Command,
    Event,
    Id,
    Instant,
    Query,
    SiteId,
    View,
    Why,
    Zone,
    personal,
)

WaitStatus = Literal["waiting", "offered", "accepted", "declined", "lapsed", "cancelled", "expired"]


class OfferView(View):
    """What is held for who waits, until `expires_at`; accepted, it is the booking `booking`."""

    booking: Id
    resource: Id
    resource_name: BilingualView
    offered_at: str
    expires_at: str


class SkippedView(View):
    """Somebody else was asked before, at `at`, for these reasons; the place in the line is kept."""

    at: str
    reasons: tuple[ReasonView, ...]


class WaitView(View):
    """An entry as its parties see it. `position` counts those in front who want some of the same time, while waiting.

    An entry ends `accepted`, `declined`, `lapsed` (the offer was not answered in time), `cancelled`, or `expired`: what
    was waited for has begun; its `purpose` is forgotten then. `because` is given where who waited left, or their
    membership ended.
    """

    id: Id
    site: SiteId
    resource: Id | None = None
    kind: ResourceKind | None = None
    status: WaitStatus
    starts_at: str
    ends_at: str
    local: LocalView
    organization: Id
    booked_by: Id
    booked_for: Id
    purpose: Annotated[str | None, personal()] = None
    attendees: int | None = None
    position: int | None = None
    offer: OfferView | None = None
    skipped: SkippedView | None = None
    because: LeavingReason | None = None
    created_at: str
    version: int


class WaitPage(View):
    items: tuple[WaitView, ...]
    next: str | None = None


class JoinWaitlist(Command, wire="cmd.booking.join_waitlist.v1", reply=WaitView):
    """Wait for `[starts_at, ends_at)` of a `resource`, or of any of a `kind`: one of the two. Needs a key.

    Refused like PlaceBooking where another rule than the quota says no; `already-waiting`, `waiting-for-too-much`.
    """

    site: SiteId
    resource: Id | None = None
    kind: ResourceKind | None = None
    starts_at: Instant
    ends_at: Instant
    purpose: Purpose = None
    attendees: Attendees = None
    for_member: Id | None = None
    reason: Why = None

    def model_post_init(self, _: object) -> None:
        if (self.resource is None) == (self.kind is None):
            raise ValueError("resource-or-kind")


class LeaveWaitlist(Command, wire="cmd.booking.leave_waitlist.v1", reply=WaitView):
    """Give the place up, and what is offered; for good. Refused as `offer-accepted` where it is a booking by now."""

    id: Id
    reason: Why = None


class AcceptOffer(Command, wire="cmd.booking.accept_offer.v1", reply=WaitView):
    """Take what is offered: it is confirmed like a hold. `not-offered` while waiting; 410 `offer-over` afterwards."""

    id: Id
    reason: Why = None


class DeclineOffer(Command, wire="cmd.booking.decline_offer.v1", reply=WaitView):
    """Leave what is offered to the next; that ends the turn. Refused like AcceptOffer."""

    id: Id
    reason: Why = None


class GetWait(Query, wire="qry.booking.wait.v1", reply=WaitView):
    id: Id


class ListWaits(Query, wire="qry.booking.waits.v1", reply=WaitPage):
    """For ranges starting in `[from, to)`, earliest first: one's own, or, for its staff, all of a site."""

    site: SiteId | None = None
    from_: Annotated[Bound | None, Field(alias="from")] = None
    to: Bound | None = None
    status: WaitStatus | None = None
    limit: Limit = 50
    after: Cursor | None = None


class WaitEvent(Event):
    """What every event about an entry tells of it, as of `version`.

    Who waits keeps nobody from anything, so `taken` and `released` are empty: the booking that is offered tells.
    """

    id: Id
    site: SiteId
    resource: Id | None = None
    resource_name: BilingualView | None = None
    kind: ResourceKind | None = None
    starts_at: Instant
    ends_at: Instant
    time_zone: Zone
    organization: Id
    booked_by: Id
    booked_for: Id
    version: int
    taken: tuple[OccupiedView, ...] = ()
    released: tuple[OccupiedView, ...] = ()


class WaitlistJoined(WaitEvent, wire="booking.waitlist_joined.v1"):
    """Somebody waits, with a place in the line that is theirs until it ends."""


class WaitlistOffered(WaitEvent, wire="booking.waitlist_offered.v1"):
    """`booking` is held for who waits: theirs if they accept by `expires_at`."""

    booking: Id
    expires_at: Instant


class WaitlistMoved(WaitEvent, wire="booking.waitlist_moved.v1"):
    """What is waited for is at other instants than `before`, on the site's clocks when it was."""

    before: RangeView
    because: MovingReason


class WaitlistEnded(WaitEvent, wire="booking.waitlist_ended.v1"):
    """Nobody waits there any more; `status` is what it ended as."""

    status: WaitStatus
    because: LeavingReason | None = None

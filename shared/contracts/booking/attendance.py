"""Being there: checking in and out, and who is there."""

from typing import Annotated

from shared.contracts.booking.bookings import BookingView
from shared.contracts.message import BilingualView, Command, Id, Query, SiteId, View, Why, personal


class CheckInBooking(Command, wire="cmd.booking.check_in_booking.v1", reply=BookingView):
    """Say that its people are there. Before the window opens `check-in-not-open`, once it is over `check-in-closed`.

    After a no-show it stands again for what is left of it, if that is free: else `slot-taken`. No hours are drawn anew.
    `visible`: whether whom it is for chooses to be seen in the presence of the site; absent: as it was, at first not.
    """

    id: Id
    visible: bool | None = None
    reason: Why = None


class CheckOutBooking(Command, wire="cmd.booking.check_out_booking.v1", reply=BookingView):
    """Say that its people have left: whole quarters of an hour to come are given back, and their hours.

    Before the start all of the time, and as many of the hours as cancelling would give back.
    """

    id: Id
    reason: Why = None


class PresentView(View):
    """Somebody who is there and chose to be seen, since when, and until when that place is theirs."""

    name: Annotated[BilingualView, personal()]
    organization: Id
    organization_name: BilingualView
    resource: Id
    resource_name: BilingualView
    since: str
    until: str


class PresenceView(View):
    items: tuple[PresentView, ...]
    next: str | None = None


class Presence(Query, wire="qry.booking.presence.v1", reply=PresenceView):
    """Who is there now, of those who chose to be seen; the latest first. For members who may book there, and staff."""

    site: SiteId

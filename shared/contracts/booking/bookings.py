"""Bookings: commands, queries, their views, and what a refusal carries."""

from typing import Annotated

from pydantic import Field

from shared.contracts.booking.words import (
    Attendees,
    BookingMode,
    BookingStatus,
    Bound,
    Cursor,
    Limit,
    LocalView,
    Purpose,
)
from shared.contracts.message import BilingualView, Command, Id, Instant, Note, Query, SiteId, View, Why, personal
from shared.contracts.record import EntryView

Reason = Annotated[Note, Field(min_length=1, max_length=1_000)]


class BookingView(View):
    """A booking as its parties see it. `policy` and `resource_version` are the versions of the
    rights and of the resource's rules it was judged by; bookings older than that have no `resource_version`.

    `expires_at` is there while it is not settled yet: then it ends by itself unless it is. Until `cancel_by` cancelling
    gives its hours back. `reason` is what was said when it was approved, rejected or cancelled. One time of a series
    has that `series` and its `index` in it.

    Where it has to be checked in: from `check_in_from` until `check_in_until`, else it is a no-show, cut at `ends_at`;
    until `booked_until` who comes late gets back what is still free. `visible`: whom it is for is there, and seen.
    `waitlist` is the entry of the waiting list it was offered to.
    """

    id: Id
    site: SiteId
    resource: Id
    resource_name: BilingualView
    status: BookingStatus
    starts_at: str
    ends_at: str
    local: LocalView
    organization: Id
    booked_by: Id
    booked_for: Id
    purpose: Annotated[str | None, personal()] = None
    attendees: int | None = None
    policy: str
    created_at: str
    expires_at: str | None = None
    cancel_by: str | None = None
    reason: Annotated[str | None, personal()] = None
    check_in_from: str | None = None
    check_in_until: str | None = None
    checked_in_at: str | None = None
    booked_until: str | None = None
    visible: bool = False
    waitlist: Id | None = None
    series: Id | None = None
    index: int | None = None
    resource_version: int | None = None
    version: int


class BookingPage(View):
    items: tuple[BookingView, ...]
    next: str | None = None


class HistoryEntryView(EntryView):
    """One thing that happened to a booking."""


class HistoryPage(View):
    items: tuple[HistoryEntryView, ...]
    next: str | None = None


class PlaceBooking(Command, wire="cmd.booking.place_booking.v1", reply=BookingView):
    """Book `[starts_at, ends_at)`. Needs a key. Refused as `slot-taken` or `booking-refused`, see below.

    `mode` `hold` keeps the place for some minutes, `provisional` for some days, until it is confirmed.
    """

    site: SiteId
    resource: Id
    starts_at: Instant
    ends_at: Instant
    purpose: Purpose = None
    attendees: Attendees = None
    for_member: Id | None = None
    mode: BookingMode = "confirm"
    reason: Why = None


class ConfirmBooking(Command, wire="cmd.booking.confirm_booking.v1", reply=BookingView):
    """Turn a hold or provisional booking into a confirmed one, or into one that waits for approval."""

    id: Id
    reason: Why = None


class ApproveBooking(Command, wire="cmd.booking.approve_booking.v1", reply=BookingView):
    """Staff of the site: confirm what waits for approval."""

    id: Id
    reason: Annotated[Reason | None, personal()] = None


class RejectBooking(Command, wire="cmd.booking.reject_booking.v1", reply=BookingView):
    """Staff of the site: cancel what waits for approval."""

    id: Id
    reason: Annotated[Reason | None, personal()] = None


class CancelBooking(Command, wire="cmd.booking.cancel_booking.v1", reply=BookingView):
    """Give the time back, before `cancel_by` the hours too. Refused as `too-late` once it has started; again: the same.

    Whoever cancels may say why. What staff cancel costs no hours, however late.
    """

    id: Id
    reason: Annotated[Reason | None, personal()] = None


class ChangeBooking(Command, wire="cmd.booking.change_booking.v1", reply=BookingView):
    """Absent or null leaves a field as it is; an empty `purpose` takes it away. Refused like PlaceBooking.

    Another time or place is judged by the rules now in force. Once it has started only `ends_at` can move: later, if
    that is free, or earlier, an instant that has passed meaning now; else `too-late`.
    """

    id: Id
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    resource: Id | None = None
    purpose: Purpose = None
    attendees: Attendees = None
    reason: Why = None


class GetBooking(Query, wire="qry.booking.booking.v1", reply=BookingView):
    """With `as_of` as it stood then, for those it is there for now; 404 where it was not made yet."""

    id: Id
    as_of: Instant | None = None


class ListBookings(Query, wire="qry.booking.bookings.v1", reply=BookingPage):
    """Those starting in `[from, to)`, earliest first: one's own, or, for its staff, all of a site."""

    site: SiteId | None = None
    from_: Annotated[Bound | None, Field(alias="from")] = None
    to: Bound | None = None
    status: BookingStatus | None = None
    limit: Limit = 50
    after: Cursor | None = None


class BookingHistory(Query, wire="qry.booking.booking_history.v1", reply=HistoryPage):
    id: Id


class ConflictView(View):
    """What stands in the way: when, never whose; of a provisional booking, until when it has to be confirmed.

    Of a series, `index` is the time it stands in the way of.
    """

    resource: Id
    starts_at: str
    ends_at: str
    provisional_until: str | None = None
    index: int | None = None


class AlternativeView(View):
    """A booking of the same length that nothing but a faster request would refuse now."""

    resource: Id
    starts_at: str
    ends_at: str
    local: LocalView


class ViolationView(View):
    """One rule that said no. `limit`, `used`, `requested` are in the rule's unit: hours of a quota, minutes, people.

    Hours of a quota are billed in whole steps of `step_minutes`, which only such a one has. Of a series, `index` is the
    time it is about.
    """

    code: str
    rule: str
    limit: int | float | str | None = None
    used: int | float | None = None
    requested: int | float | str | None = None
    resets_at: str | None = None
    message: BilingualView
    index: int | None = None
    step_minutes: int | None = None


class SlotTakenMembers(View):
    """Members of the problem `slot-taken`, 409: taken, and nothing else wrong."""

    conflicts: tuple[ConflictView, ...]
    alternatives: tuple[AlternativeView, ...]


class BookingRefusedMembers(View):
    """Members of the problem `booking-refused`, 409: every rule that said no, `slot-taken` among them if that too."""

    violations: tuple[ViolationView, ...]
    alternatives: tuple[AlternativeView, ...]

"""Series of bookings by one rule: commands, queries, their views."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.booking.bookings import HistoryPage, Reason
from shared.contracts.booking.words import Attendees, BookingStatus, Bound, Cursor, Limit, LocalView, Purpose
from shared.contracts.message import BilingualView, Command, Id, Instant, Query, SiteId, View, Why, Zone, personal

SeriesScope = Literal["one", "following", "all"]
OnConflict = Literal["refuse", "skip"]
Index = Annotated[int, Field(ge=0, le=10_000)]
Rule = Annotated[str, Field(min_length=1, max_length=500)]
"""An RRULE of RFC 5545, with or without the name before it."""


class OccurrenceView(View):
    """One time of a series. `id` is its booking's; the rest is what a booking tells, where it is its own."""

    index: int
    id: Id
    resource: Id
    resource_name: BilingualView
    status: BookingStatus
    starts_at: str
    ends_at: str
    local: LocalView
    purpose: Annotated[str | None, personal()] = None
    attendees: int | None = None
    expires_at: str | None = None
    cancel_by: str | None = None
    reason: Annotated[str | None, personal()] = None


class LeftOutView(View):
    """One time of the rule for which nothing is booked, and why: the code of a violation.

    Without instants the clocks of the anchor zone do not show it, and `local` is what they would.
    """

    index: int
    starts_at: str | None = None
    ends_at: str | None = None
    local: LocalView
    reason: str
    message: BilingualView


class SeriesView(View):
    """A series as its parties see it. `status` is `pending` while one of its times is, `confirmed` while one is to come
    or under way, and then what became of them.
    """

    id: Id
    site: SiteId
    resource: Id
    resource_name: BilingualView
    status: BookingStatus
    recurrence: str
    anchor_zone: str
    on_conflict: OnConflict
    occurrences: tuple[OccurrenceView, ...]
    skipped: tuple[LeftOutView, ...]
    organization: Id
    booked_by: Id
    booked_for: Id
    created_at: str
    version: int


class SeriesPage(View):
    items: tuple[SeriesView, ...]
    next: str | None = None


class PlaceSeries(Command, wire="cmd.booking.place_series.v1", reply=SeriesView):
    """Book what repeats by a rule; `[starts_at, ends_at)` is its first time. Needs a key.

    The rule runs on the wall clock of `anchor_zone`, the site's unless it is given. `on_conflict`: `refuse` books all
    or nothing; `skip` leaves out what cannot be booked. Each time is judged as a booking of its own; refused like
    PlaceBooking, each violation and conflict with its `index`.
    """

    site: SiteId
    resource: Id
    starts_at: Instant
    ends_at: Instant
    purpose: Purpose = None
    attendees: Attendees = None
    for_member: Id | None = None
    mode: Literal["confirm"] = "confirm"
    recurrence: Rule
    anchor_zone: Zone | None = None
    on_conflict: OnConflict = "refuse"
    reason: Why = None


class ChangeSeries(Command, wire="cmd.booking.change_series.v1", reply=SeriesView):
    """Change one time, that and all after it, or all, as far as they have not begun; all or nothing, needs the version.

    `starts_at`, `ends_at` are those of the one `index` names, of `all` the next unless it is given: by so many days, to
    that time of day, for so long on the wall of the anchor zone each of them moves. The rest as with ChangeBooking;
    refused like PlaceSeries.
    """

    id: Id
    scope: SeriesScope
    index: Index | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    resource: Id | None = None
    purpose: Purpose = None
    attendees: Attendees = None
    reason: Why = None


class CancelSeries(Command, wire="cmd.booking.cancel_series.v1", reply=SeriesView):
    """Give back one time, that and all after it, or all, as far as they have not begun; `index` names the one.

    Each as CancelBooking would. Refused as `too-late` where nothing of it is still to come; again: the same.
    """

    id: Id
    scope: SeriesScope
    index: Index | None = None
    reason: Annotated[Reason | None, personal()] = None


class ApproveSeries(Command, wire="cmd.booking.approve_series.v1", reply=SeriesView):
    """Staff of the site: confirm all of it that waits for approval."""

    id: Id
    reason: Annotated[Reason | None, personal()] = None


class RejectSeries(Command, wire="cmd.booking.reject_series.v1", reply=SeriesView):
    """Staff of the site: cancel all of it that waits for approval."""

    id: Id
    reason: Annotated[Reason | None, personal()] = None


class GetSeries(Query, wire="qry.booking.series.v1", reply=SeriesView):
    id: Id


class ListSeries(Query, wire="qry.booking.series_list.v1", reply=SeriesPage):
    """Those that reach beyond `from`, by the end of the last time that stands; one's own, or, for its staff, all of a
    site.
    """

    site: SiteId | None = None
    from_: Annotated[Bound | None, Field(alias="from")] = None
    status: BookingStatus | None = None
    limit: Limit = 50
    after: Cursor | None = None


class SeriesHistory(Query, wire="qry.booking.series_history.v1", reply=HistoryPage):
    id: Id

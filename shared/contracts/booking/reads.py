"""Availability, and the rights of a member."""

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.contracts.booking.sites import HolidayView
from shared.contracts.booking.words import Bound, LocalView, ResourceKind
from shared.contracts.message import BilingualView, Day, Id, Instant, Query, SiteId, View


class FreeView(View):
    starts_at: str
    ends_at: str
    local: LocalView


class ResourceAvailabilityView(View):
    """`free`: ranges within which any booking of whole granules, not shorter than `minutes`, may be placed."""

    resource: Id
    kind: ResourceKind
    name: BilingualView
    free: tuple[FreeView, ...]


class AvailabilityView(View):
    """`holidays` are those within the range; the clean-up gap after a booking is not free."""

    site: SiteId
    from_: Annotated[str, Field(alias="from")]
    to: str
    items: tuple[ResourceAvailabilityView, ...]
    holidays: tuple[HolidayView, ...]
    next: None = None


class AvailabilityAsked(Query):
    """`from` is now and `to` seven days later unless given; at most 62 days."""

    site: SiteId
    from_: Annotated[Bound | None, Field(alias="from")] = None
    to: Bound | None = None
    kind: ResourceKind | None = None
    resource: Id | None = None
    minutes: Annotated[int, Field(ge=1, le=10_080)] | None = None


class Availability(AvailabilityAsked, wire="qry.booking.availability.v1", reply=AvailabilityView):
    """`from` is now and `to` seven days later unless given; at most 62 days. With `as_of` as it stood then, which is
    the now of it.
    """

    as_of: Instant | None = None


class ReasonView(View):
    code: str
    message: BilingualView


class EntitlementView(View):
    """Whether a whole day's use of this kind is allowed; every reason that says no, or the rights that say yes."""

    kind: ResourceKind
    allowed: bool
    reasons: tuple[ReasonView, ...]


class EntitlementsView(View):
    member: Id
    site: SiteId
    on: date
    resources: tuple[EntitlementView, ...]


class Entitlements(Query, wire="qry.booking.entitlements.v1", reply=EntitlementsView):
    """The rights of a member's organization on a day of the site."""

    member: Id
    site: SiteId
    on: Day

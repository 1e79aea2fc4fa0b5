"""Availability as it changes: what a stream of it begins with, and what is taken where something happened."""

from typing import Annotated

from pydantic import Field

from shared.contracts.booking.reads import AvailabilityAsked, FreeView, ResourceAvailabilityView
from shared.contracts.booking.sites import HolidayView
from shared.contracts.booking.words import LocalView
from shared.contracts.message import Id, Instant, Model, Query, SiteId, View


class TakenView(View):
    """Nobody else can use the resource then, cleaning up included: when, never whose."""

    resource: Id
    starts_at: str
    ends_at: str
    local: LocalView


class WatchedResourceView(ResourceAvailabilityView):
    """`open`: its opening hours within the range. One with `parts` is taken where any of them is, and has no own."""

    parts: tuple[Id, ...]
    open: tuple[FreeView, ...]


class AvailabilitySnapshotView(View):
    """As AvailabilityView, and all that is taken in the range, resource by resource."""

    site: SiteId
    from_: Annotated[str, Field(alias="from")]
    to: str
    items: tuple[WatchedResourceView, ...]
    taken: tuple[TakenView, ...]
    holidays: tuple[HolidayView, ...]


class AvailabilitySnapshot(
    AvailabilityAsked, wire="qry.booking.availability_snapshot.v1", reply=AvailabilitySnapshotView
):
    """As Availability; sites and resources are as they are now, not as a replica remembers them."""


class Touched(Model):
    """Where something was taken or given back."""

    resource: Id
    starts_at: Instant
    ends_at: Instant


class OccupancyView(View):
    """Each range asked for, parted into what is taken and what is not."""

    taken: tuple[TakenView, ...]
    released: tuple[TakenView, ...]


class Occupancy(Query, wire="qry.booking.occupancy.v1", reply=OccupancyView):
    """What is taken now of these ranges of real resources (a combined one is its parts)."""

    site: SiteId
    ranges: Annotated[tuple[Touched, ...], Field(min_length=1, max_length=500)]

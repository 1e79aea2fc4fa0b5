"""Availability as it changes: the whole picture, and what is taken where something happened."""

from dataclasses import dataclass

from services.booking.domain.claims import of_place
from services.booking.domain.resource import Resource, granules_of
from services.booking.queries.places import Picture, PlaceQueries
from services.booking.queries.views import free_view, taken_views
from shared.contracts.booking import (
    AvailabilitySnapshot,
    AvailabilitySnapshotView,
    Occupancy,
    OccupancyView,
    ResourceAvailabilityView,
    TakenView,
    WatchedResourceView,
)
from shared.contracts.message import Asked
from shared.kernel.interval import Interval


@dataclass(frozen=True, slots=True)
class WatchQueries:
    places: PlaceQueries

    async def snapshot(self, ask: Asked[AvailabilitySnapshot]) -> AvailabilitySnapshotView:
        """As of after it was asked, whatever this replica remembers. Raises NotFound, RangeInvalid."""
        asked, places = ask.data, self.places
        await places.sites.renew(asked.site)
        await places.resources.renew(asked.site)
        seen = await places.looked_at(asked)
        view = places.shown(asked, seen)
        items = zip(view.items, seen.wanted, strict=True)
        return AvailabilitySnapshotView(
            site=view.site,
            from_=view.from_,
            to=view.to,
            items=tuple(self._watched(item, resource, seen) for item, resource in items),
            taken=tuple(_taken(seen)),
            holidays=view.holidays,
        )

    async def occupancy(self, ask: Asked[Occupancy]) -> OccupancyView:
        """As of after it was asked. Raises NotFound."""
        site = await self.places.sites.get(ask.data.site)
        ranges = [(each.resource, Interval(each.starts_at, each.ends_at)) for each in ask.data.ranges]
        held = await self.places.bookings.holding(site.id, ranges)
        free = {claim for each in ranges for claim in granules_of(*each)} - held
        return OccupancyView(taken=tuple(taken_views(held, site)), released=tuple(taken_views(free, site)))

    def _watched(self, item: ResourceAvailabilityView, resource: Resource, seen: Picture) -> WatchedResourceView:
        openings = resource.openings(seen.site, self.places.holidays, seen.within)
        opened = [each.within(seen.within) for each in openings if each.overlaps(seen.within)]
        views = tuple(free_view(each, seen.site.time_zone) for each in opened)
        return WatchedResourceView(**dict(item), parts=tuple(resource.parts), open=views)


def _taken(seen: Picture) -> list[TakenView]:
    """Of the real resources asked for; a range that begins before or ends behind what was asked for is whole."""
    of_interest = tuple(f"{each}|" for each in seen.ids)
    granules = {claim for claim in of_place(seen.taken) if claim.startswith(of_interest)}
    return list(taken_views(granules, seen.site))

"""Who comes first: by the bands of a resource, within a band by ticket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.booking.domain.resource import Resource
from services.booking.domain.waiting import Entry


@dataclass(frozen=True, slots=True)
class Place:
    """An entry in the line for one resource; who waits for a kind stands in several."""

    entry: Entry
    resource: Resource

    @property
    def rank(self) -> tuple[int, int]:
        return self.resource.band_of(self.entry.organization_kind), self.entry.ticket

    @property
    def claims(self) -> frozenset[str]:
        return frozenset(self.resource.claims(self.entry.interval))


def line(entries: Iterable[Entry], resources: Sequence[Resource]) -> list[Place]:
    """Every place, the first in front; of one entry's places the resources' own order decides."""
    places = [Place(entry, resource) for entry in entries for resource in resources if _wants(entry, resource)]
    return sorted(places, key=lambda place: place.rank)


def ahead(entry: Entry, places: Iterable[Place]) -> int:
    """How many others stand in front of it who want some of the same time, in any place it waits for."""
    places = list(places)
    own = [place for place in places if place.entry.id == entry.id]
    return len(
        {
            other.entry.id
            for other in places
            if other.entry.id != entry.id
            if any(other.rank < place.rank and not other.claims.isdisjoint(place.claims) for place in own)
        }
    )


def _wants(entry: Entry, resource: Resource) -> bool:
    return entry.resource == resource.id or (entry.resource is None and entry.kind == resource.kind)

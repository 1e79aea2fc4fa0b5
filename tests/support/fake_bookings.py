"""The collection of bookings, in memory."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.booking.domain.availability import Occupied
from services.booking.domain.claims import Place
from services.booking.domain.resource import granules_of
from services.booking.domain.viewer import Viewer
from services.booking.store import Bookings, BookingsPage, SeriesStore
from services.booking.store.listing import of_page
from services.booking.store.lost import Try, late
from services.booking.store.mapping import occupied_of
from services.booking.store.series_mapping import is_series, occupied_by, occurrence_docs
from shared.kernel.interval import Interval
from tests.support.documents import FakeDocuments, matches


class FakeBookings(Bookings):
    """The collection in memory; the writes are Bookings' own over FakeDocuments, the reads are told in Python."""

    def __init__(self, documents: FakeDocuments) -> None:
        super().__init__(documents)
        self.memory = documents

    async def listed(self, page: BookingsPage, viewer: Viewer) -> list[dict[str, Any]]:
        found = [
            doc
            for site in page.sites
            for doc in self.memory.of(site)
            if matches(doc, of_page(page, viewer)) and "recurrence" not in doc
        ]
        found = [
            doc
            for doc in found
            if (page.start is None or page.start <= doc["starts_at"])
            and (page.end is None or doc["starts_at"] < page.end)
            and page.status in (None, doc["status"])
            and (page.after is None or (doc["starts_at"], doc["_id"]) > page.after)
        ]
        return sorted(found, key=lambda doc: (doc["starts_at"], doc["_id"]))[: page.limit]

    async def lapsed(self, site: str, at: datetime) -> list[str]:
        over = [doc for doc in self.memory.of(site) if "expires_at" in doc and doc["expires_at"] <= at]
        return [doc["_id"] for doc in over]

    async def struck(self, sites: Sequence[str], member: str) -> list[dict[str, Any]]:
        docs = [doc for site in sites for doc in self.memory.of(site)]
        each = [one for doc in docs for one in (occurrence_docs(doc) if is_series(doc) else (doc,))]
        struck = [one for one in each if one.get("strike", {}).get("member") == member]
        return sorted(struck, key=lambda one: one["starts_at"], reverse=True)

    async def present(self, site: str, at: datetime) -> list[dict[str, Any]]:
        docs = [
            d for d in self.memory.of(site) if d.get("visible") and d["status"] == "checked_in" and d["ends_at"] > at
        ]
        return sorted(docs, key=lambda doc: doc["checked_in_at"], reverse=True)

    async def occupied(self, site: str, resources: Sequence[str], within: Interval) -> list[Occupied]:
        return [
            each
            for each in _occupied(self.memory.of(site))
            if any(
                claim.startswith(f"{resource}|") and within.overlaps(_granule(claim))
                for claim in each.claims
                for resource in resources
            )
        ]

    async def claimed(self, site: str, resources: Sequence[str], within: Interval) -> list[str]:
        return [claim for each in await self.occupied(site, resources, within) for claim in each.claims]

    async def occupied_at(self, at: datetime, site: str, resources: Sequence[str], within: Interval) -> list[Occupied]:
        stood = [await self.recall(doc, at) for doc in self.memory.of(site)]
        wanted = {claim for each in resources for claim in granules_of(each, within)}
        return [occupied_of(doc) for doc in stood if doc is not None and wanted & {*doc.get("claims", ())}]

    async def holding(self, site: str, places: Sequence[Place]) -> set[str]:
        claims = {claim for doc in self.memory.of(site) for claim in doc.get("claims", ())}
        return claims & {claim for each in places for claim in granules_of(*each)}

    async def late(self, tries: Sequence[Try]) -> list[Try]:
        return late(tries, [doc for site in {each.site for each in tries} for doc in self.memory.of(site)])

    async def used_units(self, site: str, prefix: str) -> set[int]:
        claims = [claim for doc in self.memory.of(site) for claim in doc.get("claims", ())]
        return {int(claim.removeprefix(prefix)) for claim in claims if claim.startswith(prefix)}


class FakeSeriesStore(SeriesStore):
    """The series in the same memory."""

    def __init__(self, documents: FakeDocuments) -> None:
        super().__init__(documents)
        self.memory = documents

    async def in_the_way(self, site: str, claims: Sequence[str]) -> list[Occupied]:
        wanted = set(claims)
        return [each for each in _occupied(self.memory.of(site)) if not wanted.isdisjoint(each.claims)]


def _occupied(docs: Iterable[dict[str, Any]]) -> Iterator[Occupied]:
    for doc in docs:
        if doc.get("claims"):
            yield from occupied_by(doc) if "occurrences" in doc else [occupied_of(doc)]


def _granule(claim: str) -> Interval:
    start = datetime.fromisoformat(claim.split("|")[1]).replace(tzinfo=UTC)
    return Interval(start, start + timedelta(minutes=15))

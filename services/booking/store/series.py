"""Series: in the collection of bookings, under its unique index of claims; each one document, placed by one insert."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.booking.announce import announced
from services.booking.domain.availability import Occupied
from services.booking.domain.claims import days
from services.booking.domain.series import Series
from services.booking.domain.series_events import SeriesRedacted
from services.booking.domain.series_placing import SeriesDecided
from services.booking.domain.viewer import Viewer
from services.booking.store.bookings import Heard
from services.booking.store.held import occupied_in
from services.booking.store.listing import BookingsPage, of_page, seen_by
from services.booking.store.mapping import WRITTEN
from services.booking.store.meant import keeping
from services.booking.store.series_mapping import IS_SERIES, TIMES, occurrence_docs, series_body, series_of
from shared.kernel.refusal import NotFound
from shared.kit.documents import Cause, Documents, Draft, Stored

DecideSeries = Callable[[Series], SeriesDecided]
_SHOWN = {"log": 0, "claims": 0}
_WORDED = {
    "$or": [
        *({name: {"$gt": ""}} for name in ("purpose", "occurrences.purpose", "occurrences.reason", "log.reason")),
        {"log.words": {"$exists": True}},
        {"worded": True},
    ]
}
"""What people wrote: into it or one of its times; into its history, also where that moved (see `Bookings`)."""


class SeriesStore:
    """The series in the collection `bookings`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._heard: list[Heard] = []

    def on_change(self, heard: Heard) -> None:
        """As with bookings, for each of its times that a change concerns."""
        self._heard.append(heard)

    async def place(self, decided: SeriesDecided, cause: Cause, *, at: datetime) -> Stored:
        """One insert. Raises ClaimTaken where somebody holds a claim, and what Documents.insert raises."""
        series = decided.state
        site = series.last.site
        return await self._documents.insert(series.id, site, _draft(decided, (), version=1), cause, at=at)

    async def replay(self, series_id: str, cause: Cause) -> Stored | None:
        """What this key placed before. To be asked before a refusal goes out."""
        return await self._documents.replay(series_id, cause)

    async def change(
        self,
        series_id: str,
        decide: DecideSeries,
        cause: Cause,
        viewer: Viewer,
        *,
        at: datetime,
        if_match: int | None = None,
    ) -> Stored:
        """One update, decided again where somebody was faster. Raises NotFound for those it is not there for."""
        before: Series | None = None

        def draft(doc: dict[str, Any]) -> Draft | None:
            nonlocal before
            before = series_of(doc)
            decided = decide(before)
            made = _draft(decided, before.claims, version=doc["version"] + 1) if decided.events else None
            return keeping(made, doc)

        where = _seen_by(viewer)
        stored = await self._documents.change(series_id, draft, cause, at=at, if_match=if_match, where=where)
        if before is not None and not stored.replay:
            for was, now in zip(before.bookings, series_of(stored.doc).bookings, strict=True):
                for heard in self._heard if was != now else ():
                    heard(was, now)
        return stored

    async def load(self, series_id: str, viewer: Viewer) -> tuple[Series, int]:
        """The series and its version. Raises NotFound for those it is not there for."""
        doc = await self.get(series_id, viewer)
        if doc is None:
            raise NotFound
        return series_of(doc), doc["version"]

    async def get(self, series_id: str, viewer: Viewer) -> dict[str, Any] | None:
        return await self._documents.get(series_id, _seen_by(viewer))

    async def whole_log(self, doc: dict[str, Any]) -> list[dict[str, Any]]:
        """All that happened to a series, in order."""
        return await self._documents.whole_log(doc)

    async def listed(self, page: BookingsPage, viewer: Viewer) -> list[dict[str, Any]]:
        """By the end of the last time that stands, then id, where that is after the page's start; at most `limit`."""
        where: dict[str, Any] = {**of_page(page, viewer), **IS_SERIES}
        if page.status:
            where["status"] = page.status
        if page.start:
            where["ends_at"] = {"$gt": page.start}
        if page.after:
            # As with bookings: the plain bound lets the index begin there.
            at, last = page.after
            where["ends_at"] = where.get("ends_at", {}) | {"$gte": at}
            where["$and"] = [{"$or": [{"ends_at": {"$gt": at}}, {"ends_at": at, "_id": {"$gt": last}}]}]
        found = self._documents.collection.find(where, _SHOWN).sort([("ends_at", 1), ("_id", 1)])
        docs: list[dict[str, Any]] = await found.limit(page.limit).to_list(page.limit)
        return docs

    async def occurring(self, page: BookingsPage, viewer: Viewer) -> list[dict[str, Any]]:
        """The times of series as bookings, in the order and within the bounds of a list of bookings."""
        where: dict[str, Any] = {**of_page(page, viewer), **IS_SERIES}
        bounds = page.bounds
        if page.after:
            bounds["$gte"] = max(page.after[0], bounds.get("$gte", page.after[0]))
        if bounds:
            where["occurrences"] = {"$elemMatch": {"starts_at": bounds}}
        docs = await self._documents.collection.find(where, _SHOWN).to_list(None)
        return occurring_in(docs, page)

    async def worded(self, sites: Sequence[str], member: str, *, limit: int) -> list[str]:
        """Ids of those which are theirs, or were before they left, and hold what somebody wrote."""
        whose: list[dict[str, Any]] = [{"parties": member}, {"former": member}]
        where = {"site": {"$in": list(sites)}, **IS_SERIES, "$and": [{"$or": whose}, _WORDED]}
        return [doc["_id"] async for doc in self._documents.collection.find(where, {"_id": 1}).limit(limit)]

    async def outlived(self, sites: Sequence[str], *, before: datetime, limit: int) -> list[str]:
        """Ids of those whose last time ended before that instant and which still hold what somebody wrote."""
        where = {"site": {"$in": list(sites)}, "ends_at": {"$lt": before}, **IS_SERIES, **_WORDED}
        return [doc["_id"] async for doc in self._documents.collection.find(where, {"_id": 1}).limit(limit)]

    async def in_the_way(self, site: str, claims: Sequence[str]) -> list[Occupied]:
        """Everything that holds one of these granules."""
        return await occupied_in(self._documents.collection, {"site": site, "claims": {"$in": list(claims)}})


def occurring_in(docs: Iterable[Mapping[str, Any]], page: BookingsPage) -> list[dict[str, Any]]:
    """Of these series the times on that page, as bookings, in order."""
    found = [each for doc in docs for each in occurrence_docs(doc) if _is_on(page, each)]
    return sorted(found, key=lambda each: (each["starts_at"], each["_id"]))[: page.limit]


def _is_on(page: BookingsPage, each: Mapping[str, Any]) -> bool:
    at = each["starts_at"]
    return (
        (page.start is None or page.start <= at)
        and (page.end is None or at < page.end)
        and page.status in (None, each["status"])
        and (page.after is None or (at, each["_id"]) > page.after)
    )


def _draft(decided: SeriesDecided, held: Sequence[str], *, version: int) -> Draft:
    """`held`: what it claimed before."""
    series = decided.state
    events = announced(decided, held, version=version)
    forgetting = any(isinstance(event, SeriesRedacted) for event in decided.events)
    been = days({*held} - {*series.claims})
    return Draft(series_body(series), events, series.claims, series.due, WRITTEN, forgetting, been, TIMES)


def _seen_by(viewer: Viewer) -> dict[str, Any]:
    return {**seen_by(viewer), **IS_SERIES}

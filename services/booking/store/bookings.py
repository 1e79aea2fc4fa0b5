"""Bookings: placed by one insert, changed by one update; what they occupy, read by index alone."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.booking.announce import announced
from services.booking.domain.availability import Occupied
from services.booking.domain.booking import Booking, Decided
from services.booking.domain.claims import Place, days, of_place
from services.booking.domain.events import BookingRedacted
from services.booking.domain.resource import bounds, granules_of
from services.booking.domain.viewer import Viewer
from services.booking.store.held import CLAIMS, JUST_AFTER, There, claimed, claims_between, days_between, occupied
from services.booking.store.listing import BookingsPage, listed, seen_by
from services.booking.store.lost import Lost, Try, late, looking
from services.booking.store.mapping import ALWAYS_SAID, WRITTEN, booking_body, booking_of, occupied_of
from services.booking.store.meant import keeping
from services.booking.store.one_of_series import NO_SERIES, one_of, whereabouts, within
from services.booking.store.series_mapping import is_series, occurrence_doc, occurrence_docs
from services.booking.store.written import written
from shared.contracts import booking as contract
from shared.kernel.interval import Interval
from shared.kernel.refusal import NotFound
from shared.kit.documents import Cause, ClaimTaken, Documents, Draft, Stored
from shared.kit.documents.recalling import NotRecorded
from shared.kit.documents.unchanged import Unchanged
from shared.kit.joined import Joined

Decide = Callable[[Booking], Decided]
Heard = Callable[[Booking, Booking], None]
"""What a booking was before a change, and what it is after it."""
_WHOSE = {"starts_at": 1, "ends_at": 1, "organization": 1, "recurrence": 1}
_AT_ONCE, _MOST_PRESENT = 20, 100
_WORDS: tuple[dict[str, Any], ...] = (
    {"purpose": {"$gt": ""}},
    {"log.reason": {"$gt": ""}},
    {"log.words": {"$exists": True}},
    {"worded": True},
)
"""What people wrote: into a booking; into its history when they changed or decided something; what of that moved."""


@dataclass(frozen=True, slots=True)
class Coming:
    """Whose bookings: those of an organization, or those somebody is a party of; after the one `after` names."""

    sites: Sequence[str]
    whose: Mapping[str, Any]
    after: tuple[datetime, str]
    limit: int


class Bookings:
    """The collection `bookings`, but for its series, which only what it asks of claims and of whose they are finds."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._heard: list[Heard] = []
        self._lost = Lost(self.late)
        self._occupied = Joined[There, list[Occupied]](lambda there: occupied(documents.collection, there))
        seldom_changed = Unchanged[There, list[str]](
            documents.collection, documents.clock, lambda there: claimed(documents.collection, there)
        )
        self._claimed = Joined[There, list[str]](seldom_changed)

    def on_change(self, heard: Heard) -> None:
        """Called after each change this replica wrote: the one place where freed time is noticed, whatever freed it.

        Not when the process dies in between.
        """
        self._heard.append(heard)

    async def place(self, decided: Decided, cause: Cause, *, at: datetime) -> Stored:
        """One insert, or none where it would be in vain. Raises ClaimTaken where somebody holds a claim, and what
        Documents.insert raises.
        """
        booking = decided.state
        if (held := await self._lost.held(booking.id, booking.site, booking.claims)) is not None:
            raise ClaimTaken(held)
        draft = _draft(decided, (), version=1)
        try:
            return await self._documents.insert(booking.id, booking.site, draft, cause, at=at)
        except ClaimTaken as taken:
            if of_place((taken.claim,)):
                self._lost.note(booking.site, taken.claim)
            raise

    async def replay(self, booking_id: str, cause: Cause) -> Stored | None:
        """What this key placed before. To be asked before a refusal goes out."""
        return await self._documents.replay(booking_id, cause)

    async def change(
        self,
        booking_id: str,
        decide: Decide,
        cause: Cause,
        viewer: Viewer,
        *,
        at: datetime,
        if_match: int | None = None,
    ) -> Stored:
        """One update, decided again where somebody was faster; of one time of a series, in the series's document.

        Raises NotFound for those it is not there for.
        """
        before: Booking | None = None

        def draft(doc: dict[str, Any]) -> Draft | None:
            nonlocal before
            before = booking_of(one_of(doc, booking_id))
            decided = decide(before)
            if not decided.events:
                return None
            made = _draft(decided, before.claims, version=doc["version"] + 1)
            return keeping(within(doc, decided.state, made) if is_series(doc) else made, doc)

        doc_id, where = whereabouts(booking_id, seen_by(viewer))
        stored = await self._documents.change(doc_id, draft, cause, at=at, if_match=if_match, where=where)
        stored = Stored(one_of(stored.doc, booking_id), stored.replay)
        if before is not None and not stored.replay:
            after = booking_of(stored.doc)
            for heard in self._heard if after != before else ():
                heard(before, after)
        return stored

    async def load(self, booking_id: str, viewer: Viewer) -> tuple[Booking, int]:
        """The booking and its version. Raises NotFound for those it is not there for."""
        doc = await self.get(booking_id, viewer)
        if doc is None:
            raise NotFound
        return booking_of(doc), doc["version"]

    async def get(self, booking_id: str, viewer: Viewer) -> dict[str, Any] | None:
        """Also one time of a series."""
        doc = await self._documents.get(*whereabouts(booking_id, seen_by(viewer)))
        return occurrence_doc(doc, booking_id) if doc is not None and is_series(doc) else doc

    async def recall(self, doc: dict[str, Any], at: datetime) -> dict[str, Any] | None:
        """The booking as it stood then; None where it was not made yet.

        Raises NotRecorded; so does one time of a series that has changed since: its document keeps no older times.
        """
        if "series" in doc and doc["created_at"] <= at and any(entry["time"] > at for entry in doc["log"]):
            raise NotRecorded
        stood = await self._documents.recall(doc, at)
        return None if stood is None else {**dict.fromkeys(ALWAYS_SAID), **stood}

    async def whole_log(self, doc: dict[str, Any]) -> list[dict[str, Any]]:
        """All that happened to a booking, in order; of one time of a series, to the series."""
        return await self._documents.whole_log({**doc, "_id": doc.get("series", doc["_id"])})

    async def listed(self, page: BookingsPage, viewer: Viewer) -> list[dict[str, Any]]:
        """By start, then id; at most `limit`. Of sites that are not all theirs a viewer gets their own bookings."""
        return await listed(self._documents.collection, page, viewer, only=NO_SERIES)

    async def worded(self, sites: Sequence[str], member: str, *, limit: int) -> list[str]:
        """Ids of those which are theirs, or were before they left, and hold what somebody wrote."""
        found, words = dict[str, None](), {"site": {"$in": list(sites)}, "$or": list(_WORDS), **NO_SERIES}
        for whose in ("parties", "former"):
            each = self._documents.collection.find({**words, whose: member}, {"_id": 1}).limit(limit)
            found |= dict.fromkeys([doc["_id"] async for doc in each])
        return list(found)[:limit]

    async def outlived(self, sites: Sequence[str], *, before: datetime, limit: int) -> list[str]:
        """Ids of those that ended before that instant and still hold what somebody wrote."""
        ended, found = {"site": {"$in": list(sites)}, "ends_at": {"$lt": before}, **NO_SERIES}, dict[str, None]()
        for words in _WORDS:
            each = self._documents.collection.find({**ended, **words}, {"_id": 1}).limit(limit)
            found |= dict.fromkeys([doc["_id"] async for doc in each])
        return list(found)[:limit]

    async def telling(self, booking_id: str) -> list[str]:
        """The types of the events that told what somebody wrote, for as long as its history holds that, and of those
        that said it was gone; in order.
        """
        doc = await self._documents.get(booking_id)
        log = [] if doc is None else await self.whole_log(doc)
        return [entry["type"] for entry in log if _tells(entry)]

    async def written(self, shown: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """What the histories of these bookings, and of their series, still hold of it (`written`)."""
        return await written(self._documents, shown)

    async def forget_history(self, booking_id: str, told: Collection[str], *, through: int) -> None:
        """What was written into its history is erased, and the data of the events of these types; through the entry of
        this number.
        """

        def seen(entry: Mapping[str, Any]) -> bool:
            return bool(entry["seq"] <= through)

        def seen_and_told(entry: Mapping[str, Any]) -> bool:
            return seen(entry) and entry["type"] in told

        await self._documents.forget(booking_id, seen_and_told, names=("reason", "data"))
        await self._documents.forget(booking_id, seen, names=("reason", "words"))

    async def occupied(self, site: str, resources: Sequence[str], within: Interval) -> list[Occupied]:
        """Everything that holds a granule of one of `resources` within the range, as it stood after this was asked."""
        return await self._occupied((site, tuple(resources), within))

    async def claimed(self, site: str, resources: Sequence[str], within: Interval) -> list[str]:
        """The claims of all that `occupied` finds, and nothing else of it: for a full day a fifth of the work.

        Who asks the same again gets the very same list for as long as nothing has changed.
        """
        return await self._claimed((site, tuple(resources), within))

    async def occupied_at(self, at: datetime, site: str, resources: Sequence[str], within: Interval) -> list[Occupied]:
        """Everything that held one then: of what holds one now, and of what has given one back since. Raises
        NotRecorded.
        """
        wanted = {each for resource in resources for each in granules_of(resource, within)}
        where = [{"site": site, **claims_between(*bounds(each, within))} for each in resources]
        where += [{"site": site, "been": {"$elemMatch": days_between(each, within)}} for each in resources]
        found = await self._documents.collection.find({"$or": where}).to_list(None) if where else []
        stood = [await self._documents.recall(self._documents.newest(doc), at) for doc in found]
        return [occupied_of(doc) for doc in stood if doc is not None and wanted & {*doc.get("claims", ())}]

    async def holding(self, site: str, places: Sequence[Place]) -> set[str]:
        """Of the claims on these ranges, those that are held now."""
        granules = {claim for resource, within in places for claim in granules_of(resource, within)}
        where = {"$or": [{"site": site, **claims_between(*bounds(*place))} for place in places]}
        found = await self._documents.collection.find(where, CLAIMS).to_list(None)
        return {claim for doc in found for claim in doc["claims"] if claim in granules}

    async def late(self, tries: Sequence[Try]) -> list[Try]:
        """Of these, the ones whose claim somebody holds and whose own booking is not there."""
        found = self._documents.collection.find(looking(tries), {"site": 1, "claims": 1})
        return late(tries, await found.to_list(None))

    async def used_units(self, site: str, prefix: str) -> set[int]:
        """The numbers of the units held of a pool; every claim on it begins with `prefix`."""
        where = {"site": site, **claims_between(prefix, prefix[:-1] + JUST_AFTER)}
        found = await self._documents.collection.find(where, CLAIMS).to_list(None)
        return {int(claim[len(prefix) :]) for doc in found for claim in doc["claims"] if claim.startswith(prefix)}

    async def coming(self, coming: Coming) -> list[dict[str, Any]]:
        """The next of somebody's live bookings that have not begun, by start, then id; at most `limit`."""
        at, last = coming.after
        where: dict[str, Any] = {"site": {"$in": list(coming.sites)}, "claims": {"$exists": True}, **coming.whose}
        where |= {"starts_at": {"$gte": at}, "$or": [{"starts_at": {"$gt": at}}, {"_id": {"$gt": last}}]}
        found = self._documents.collection.find(where, _WHOSE).sort([("starts_at", 1), ("_id", 1)])
        docs: list[dict[str, Any]] = await found.limit(coming.limit).to_list(coming.limit)
        return docs

    async def lapsed(self, site: str, at: datetime) -> list[str]:
        """Of those whose deadline has passed but whose timer has not run yet, the first few."""
        where = {"due_at": {"$lte": at}, "site": site, "expires_at": {"$lte": at}}
        found = await self._documents.collection.find(where, {"_id": 1}).sort("due_at", 1).to_list(_AT_ONCE)
        return [doc["_id"] for doc in found]

    async def struck(self, sites: Sequence[str], member: str) -> list[dict[str, Any]]:
        """A person's no-shows there, times of a series among them, the latest first."""
        at = {"site": {"$in": list(sites)}}
        alone = {**at, "strike": {"$exists": True}, "strike.member": member}
        among = {**at, "occurrences.strike": {"$exists": True}, "occurrences.strike.member": member}
        found = self._documents.collection.find({"$or": [alone, among]}, {"log": 0})
        struck = [one for one in _each(await found.to_list(None)) if one.get("strike", {}).get("member") == member]
        return sorted(struck, key=lambda one: one["starts_at"], reverse=True)

    async def present(self, site: str, at: datetime) -> list[dict[str, Any]]:
        """Those whose people are there and chose to be seen, the latest first; a hundred at most."""
        where = {"site": site, "visible": True, "ends_at": {"$gt": at}}
        found = self._documents.collection.find(where, {"log": 0}).sort("checked_in_at", -1)
        docs = await found.limit(_MOST_PRESENT).to_list(_MOST_PRESENT)
        return [one for one in _each(docs) if one.get("visible") and one["ends_at"] > at]


def _each(docs: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Bookings, and the times of series as bookings."""
    return (one for doc in docs for one in (occurrence_docs(doc) if is_series(doc) else (doc,)))


def _tells(entry: Mapping[str, Any]) -> bool:
    return "reason" in entry.get("data", {}) or entry["type"] == contract.BookingRedacted.wire


def _draft(decided: Decided, held: Sequence[str], *, version: int) -> Draft:
    """`held`: what it claimed before."""
    booking = decided.state
    events = announced(decided, held, version=version)
    forgetting = any(isinstance(event, BookingRedacted) for event in decided.events)
    been = days({*held} - {*booking.claims})
    return Draft(booking_body(booking), events, booking.claims, booking.due, WRITTEN, forgetting, been)

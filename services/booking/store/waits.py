"""The waiting list: entries in ticket order, and the counter their tickets come from."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.booking.domain.entitlement import Reason
from services.booking.domain.rules import LONGEST
from services.booking.domain.viewer import Viewer
from services.booking.domain.waiting import Entry, Offer, Skipped, Standing, WaitlistDecided
from services.booking.domain.wall import local
from services.booking.publish import of_entry
from services.booking.store.held import JUST_AFTER, claims_between
from services.booking.store.listing import BookingsPage, listed, seen_by
from services.booking.store.meant import keeping
from services.booking.store.remembered import Remembered
from shared.kernel.interval import Interval
from shared.kernel.refusal import NotFound
from shared.kernel.text import Text
from shared.kernel.time import zone_of
from shared.kit.documents import Cause, Documents, Draft, Stored, forget_reasons, forget_reasons_in_turn, reasons_of
from shared.kit.mongo import index

WAIT_INDEXES = [
    index([("site", 1), ("starts_at", 1), ("_id", 1)]),
    index([("site", 1), ("parties", 1), ("starts_at", 1), ("_id", 1)]),
    index([("organization", 1), ("_id", 1)], partial={"claims": {"$exists": True}}),
    index([("parties", 1), ("_id", 1)], partial={"claims": {"$exists": True}}),
    index([("site", 1), ("status", 1), ("starts_at", 1)], partial={"claims": {"$exists": True}}),
    index([("ends_at", 1), ("site", 1)], partial={"log.reason": {"$gt": ""}}),
    index([("worded", 1), ("ends_at", 1), ("site", 1)], partial={"worded": True}),
]
MOST = 500
"""Of those who wait for one time at once, the first so many are looked at."""
_DUE = ("due_at", "due_kind")
Doc = Mapping[str, Any]
Change = Callable[[Entry], WaitlistDecided | Entry]
_PLAIN = ("purpose", "attendees", "slot", "because", "resource", "kind")
_PARTY = ("time_zone", "organization", "organization_kind", "booked_by", "booked_for", "ticket")


@dataclass(frozen=True, slots=True)
class Wanted:
    """That somebody waits, as far as it is remembered."""

    interval: Interval
    parties: tuple[str, ...]


class Waits:
    """The collection `waits`."""

    def __init__(self, documents: Documents, tickets: Any, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._documents = documents
        self._tickets = tickets
        self._known = Remembered[str, tuple[Wanted, ...]](self._wanted, elapsed=elapsed)

    async def ticket(self, site: str) -> int:
        """The next place in the line; one given to nobody leaves a harmless gap."""
        counter = await self._tickets.find_one_and_update(
            {"_id": site}, {"$inc": {"next": 1}}, upsert=True, return_document=True
        )
        return int(counter["next"])

    async def add(self, decided: WaitlistDecided, cause: Cause, *, at: datetime) -> Stored:
        """One insert. Raises ClaimTaken, and what Documents.insert raises."""
        entry = decided.state
        stored = await self._documents.insert(entry.id, entry.site, _draft(decided, version=1), cause, at=at)
        self._known.forget(entry.site)
        return stored

    async def replay(self, entry_id: str, cause: Cause) -> Stored | None:
        """What this key made before. To be asked before a refusal goes out."""
        return await self._documents.replay(entry_id, cause)

    async def change(
        self,
        entry_id: str,
        change: Change,
        cause: Cause,
        viewer: Viewer,
        *,
        at: datetime,
        if_match: int | None = None,
    ) -> Stored:
        """One update, decided again where somebody was faster. Raises NotFound for those it is not there for."""

        def draft(doc: dict[str, Any]) -> Draft | None:
            changed = change(entry_of(doc))
            if isinstance(changed, Entry):
                return keeping(Draft(entry_body(changed), (), changed.claims, changed.due), doc)
            return keeping(_draft(changed, version=doc["version"] + 1) if changed.events else None, doc)

        where = seen_by(viewer)
        return await self._documents.change(entry_id, draft, cause, at=at, if_match=if_match, where=where)

    async def rearm(self, entry: Entry) -> None:
        """When it is looked at next, while it waits: nothing anybody sees of it, so no version is used up for it."""
        if entry.due is not None:
            where, due = {"_id": entry.id, "status": Standing.WAITING.value}, dict(zip(_DUE, entry.due, strict=True))
            await self._documents.collection.update_one(where, {"$set": due, "$unset": {"lease": ""}})

    async def get(self, entry_id: str, viewer: Viewer) -> dict[str, Any] | None:
        return await self._documents.get(entry_id, seen_by(viewer))

    async def load(self, entry_id: str, viewer: Viewer) -> Entry:
        """Raises NotFound for those it is not there for."""
        doc = await self.get(entry_id, viewer)
        if doc is None:
            raise NotFound
        return entry_of(doc)

    async def listed(self, page: BookingsPage, viewer: Viewer) -> list[dict[str, Any]]:
        """By start, then id; at most `limit`. Of sites that are not all theirs a viewer gets their own entries."""
        return await listed(self._documents.collection, page, viewer)

    async def used_slots(self, site: str, prefix: str) -> set[int]:
        """The numbers of a person's places."""
        where = {"site": site, **claims_between(prefix, prefix[:-1] + JUST_AFTER)}
        found = await self._documents.collection.find(where, {"_id": 0, "slot": 1}).to_list(None)
        return {doc["slot"] for doc in found}

    async def waiting(self, site: str, within: Interval) -> list[Entry]:
        """Those who wait for some of a range, without those something is offered to."""
        starts = {"$gt": within.start - LONGEST, "$lt": within.end}
        where = {"site": site, "status": "waiting", "claims": {"$exists": True}, "starts_at": starts}
        found = await self._documents.collection.find(where, {"log": 0}).sort("starts_at", 1).to_list(None)
        entries = (entry_of(doc) for doc in found)
        return sorted((each for each in entries if each.interval.overlaps(within)), key=lambda each: each.ticket)[:MOST]

    async def wanted(self, site: str) -> Sequence[Wanted]:
        """What is waited for at a site; at most two seconds old."""
        return await self._known.get(site)

    async def open_of(self, whose: Mapping[str, Any], after: str, limit: int) -> list[Entry]:
        """The next open entries of somebody, by id."""
        where = {**whose, "claims": {"$exists": True}, "_id": {"$gt": after}}
        found = await self._documents.collection.find(where, {"log": 0}).sort("_id", 1).limit(limit).to_list(limit)
        return [entry_of(doc) for doc in found]

    async def reasons(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Why somebody waited, or answered as they did, by entry, as far as they said."""
        return await reasons_of(self._documents, ids)

    async def forget_reasons_in_turn(self, sites: Sequence[str], member: str, *, limit: int) -> bool:
        """Forgets those of a page of somebody's entries; whether any is left."""
        return await forget_reasons_in_turn(
            self._documents, {"site": {"$in": list(sites)}, "parties": member}, most=limit
        )

    async def outlived_reasons(self, sites: Sequence[str], *, before: datetime, limit: int) -> int:
        """Forgets those of a page of entries for what ended before that instant. How many had any."""
        where = {"site": {"$in": list(sites)}, "ends_at": {"$lt": before}}
        return await forget_reasons(self._documents, where, most=limit)

    async def _wanted(self, site: str) -> tuple[Wanted, ...]:
        where = {"site": site, "status": "waiting", "claims": {"$exists": True}}
        fields = {"_id": 0, "starts_at": 1, "ends_at": 1, "parties": 1}
        found = await self._documents.collection.find(where, fields).to_list(None)
        return tuple(Wanted(Interval(doc["starts_at"], doc["ends_at"]), tuple(doc["parties"])) for doc in found)


def entry_of(doc: Doc) -> Entry:
    """The entry a document holds."""
    offer, skipped, name = doc.get("offer"), doc.get("skipped"), doc.get("resource_name")
    return Entry(
        id=doc["_id"],
        site=doc["site"],
        interval=Interval(doc["starts_at"], doc["ends_at"]),
        resource_name=None if name is None else Text(**name),
        status=Standing(doc["status"]),
        offer=None if offer is None else Offer(**offer | {"resource_name": Text(**offer["resource_name"])}),
        skipped=None if skipped is None else Skipped(skipped["at"], tuple(map(_reason, skipped["reasons"]))),
        look_at=doc.get("due_at") if doc["status"] == "waiting" else None,
        **{name: doc[name] for name in _PARTY},
        **{name: doc[name] for name in _PLAIN if name in doc},
    )


def entry_body(entry: Entry) -> dict[str, Any]:
    """`parties` are the members who may see it; what there is nothing to say of is left out."""
    offer, skipped = entry.offer, entry.skipped
    said: dict[str, Any] = {name: getattr(entry, name) for name in (*_PARTY, *_PLAIN)}
    if entry.resource_name is not None:
        said["resource_name"] = _text(entry.resource_name)
    if offer is not None:
        times = {"offered_at": offer.offered_at, "expires_at": offer.expires_at}
        said["offer"] = {"booking": offer.booking, "resource": offer.resource, **times}
        said["offer"]["resource_name"] = _text(offer.resource_name)
    if skipped is not None:
        reasons = [{"code": each.code, "message": _text(each.message)} for each in skipped.reasons]
        said["skipped"] = {"at": skipped.at, "reasons": reasons}
    return {
        "starts_at": entry.interval.start,
        "ends_at": entry.interval.end,
        "local": local(entry.interval, zone_of(entry.time_zone)),
        "status": entry.status.value,
        "parties": list(entry.parties),
        **{name: value for name, value in said.items() if value is not None},
    }


def _draft(decided: WaitlistDecided, *, version: int) -> Draft:
    entry = decided.state
    events = [of_entry(event, version=version) for event in decided.events]
    return Draft(entry_body(entry), events, entry.claims, entry.due)


def _reason(doc: Doc) -> Reason:
    return Reason(doc["code"], Text(**doc["message"]))


def _text(text: Text) -> dict[str, str | None]:
    return {"ja": text.ja, "en": text.en}

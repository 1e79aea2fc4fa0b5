"""In-app notices: documents of the house, so storing one announces it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notify import publish
from services.notify.domain.plan import WORDED
from services.notify.publish import NewNotice
from shared.contracts.notify import NoticeCreated
from shared.kit.documents import Cause, Documents, Draft, Stored, document_indexes, forget_reasons_in_turn, reasons_of
from shared.kit.mongo import index

SAYS = {"title.en": {"$gt": ""}}
"""A filter: every notice has a title in both languages, until it is forgotten and only a stub is left."""
_PAGE = 100
_BLANK = {"ja": None, "en": None}
NOTICE_INDEXES = [
    *document_indexes(),
    index([("member", 1), ("created_at", -1), ("_id", -1)]),
    index([("member", 1), ("read_at", 1), ("created_at", -1), ("_id", -1)]),
    index([("created_at", 1)], partial=SAYS),
    index([("link", 1)], partial={"link": {"$gt": ""}}),
]


class Notices:
    """The collection `notices`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.collection = documents.collection

    async def add(self, notices: Sequence[NewNotice], site: str, cause: Cause, *, at: datetime) -> None:
        """Returns once all are stored: one alone like any document, many in one write."""
        drafts = {notice.id: _draft(notice, at) for notice in notices}
        if len(drafts) > 1:
            await self._documents.insert_all(drafts, site, cause, at=at)
            return
        for notice_id, draft in drafts.items():
            await self._documents.insert(notice_id, site, draft, cause, at=at)

    async def read(self, notice_id: str, member: str, cause: Cause, *, at: datetime) -> Stored:
        """Marks an own notice read; read before, it stays as it is. Raises NotFound."""

        def decide(doc: dict[str, Any]) -> Draft | None:
            if doc["read_at"] is not None:
                return None
            return Draft(_body(doc) | {"read_at": at}, [publish.read(doc, at)])

        return await self._documents.change(notice_id, decide, cause, at=at, where={"member": member})

    async def of(self, member: str, *, limit: int) -> list[dict[str, Any]]:
        """Somebody's that still say anything."""
        return await self._found({"member": member, **SAYS}, limit)

    async def outlived(self, *, before: datetime, limit: int) -> list[dict[str, Any]]:
        """Anybody's made before that instant that still say anything."""
        return await self._found({"created_at": {"$lt": before}, **SAYS}, limit)

    async def worded(self, booking: str, *, limit: int) -> list[dict[str, Any]]:
        """Those about a booking, or a series and its times (`<series>-<index>`), that may say what people wrote.

        At most `limit` of each kind.
        """
        worded, one = {"topic": {"$in": sorted(WORDED)}, "body.en": {"$gt": ""}}, f"/v1/bookings/{booking}"
        links: tuple[Any, ...] = (one, {"$gte": f"{one}-", "$lt": f"{one}."}, f"/v1/booking-series/{booking}")
        return [each for link in links for each in await self._found({"link": link, **worded}, limit)]

    async def reasons(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Why they were read, by notice, as far as somebody said."""
        return await reasons_of(self._documents, ids)

    async def forget_reasons_in_turn(self, member: str) -> bool:
        """Forgets those of a page of somebody's; whether any is left."""
        return await forget_reasons_in_turn(self._documents, {"member": member}, most=_PAGE)

    async def forget_record(self, notice: Mapping[str, Any], *, whole: bool) -> bool:
        """What it said is erased from its history; `whole`: also why it was read.

        False where that is not on the stream yet, so that it comes again.

        The notice itself comes last: for as long as it says something, it is found again.
        """
        if any(entry["seq"] > notice["sent"] for entry in notice["log"]):
            return False
        await self._documents.forget(notice["_id"], _told, names=("data",))
        if whole:
            await self._documents.forget(notice["_id"], lambda _: True)
        return True

    async def blank(self, notice_id: str, cause: Cause, *, at: datetime, title: bool) -> None:
        """It says nothing any more; with `title`, not even what it was about."""

        def decide(doc: dict[str, Any]) -> Draft:
            return Draft(_body(doc) | {"body": _BLANK} | ({"title": _BLANK, "link": None} if title else {}))

        await self._documents.change(notice_id, decide, cause, at=at)

    async def _found(self, where: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.collection.find(dict(where)).limit(limit).to_list(limit)
        return found


def _told(entry: Mapping[str, Any]) -> bool:
    return bool(entry["type"] == NoticeCreated.wire)


def _body(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {name: doc[name] for name in ("member", "topic", "title", "body", "link", "read_at")}


def _draft(notice: NewNotice, at: datetime) -> Draft:
    body = {
        "member": notice.member,
        "topic": notice.topic,
        "title": {"ja": notice.title.ja, "en": notice.title.en},
        "body": {"ja": notice.body.ja, "en": notice.body.en},
        "link": notice.link,
        "read_at": None,
    }
    return Draft(body, [publish.created(notice, at)])

"""In-app notices: documents of the house, so storing one announces it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.notify import publish
from services.notify.publish import NewNotice
from shared.kit.documents import Cause, Documents, Draft, Stored, document_indexes
from shared.kit.mongo import index

NOTICE_INDEXES = [
    *document_indexes(),
    index([("member", 1), ("created_at", -1), ("_id", -1)]),
    index([("member", 1), ("read_at", 1), ("created_at", -1), ("_id", -1)]),
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
            body = {k: doc[k] for k in ("member", "topic", "title", "body", "link")} | {"read_at": at}
            return Draft(body, [publish.read(doc, at)])

        return await self._documents.change(notice_id, decide, cause, at=at, where={"member": member})


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

"""In-app notices: documents of the house, so storing one announces it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify import publish
from shared.contracts.message import BilingualView
from shared.kit.documents import Cause, Documents, Draft, Stored, document_indexes
from shared.kit.mongo import index

NOTICE_INDEXES = [
    *document_indexes(),
    index([("member", 1), ("created_at", -1), ("_id", -1)]),
    index([("member", 1), ("read_at", 1), ("created_at", -1), ("_id", -1)]),
]


@dataclass(frozen=True, slots=True)
class NewNotice:
    """One notice to store; `id` is derived, so storing it again changes and announces nothing."""

    id: str
    site: str
    member: str
    topic: str
    title: BilingualView
    body: BilingualView
    link: str | None


class Notices:
    """The collection `notices`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.collection = documents.collection

    async def add(self, notices: Sequence[NewNotice], cause: Cause, *, at: datetime) -> None:
        """Returns once all are stored; written in groups."""
        await asyncio.gather(*(self._add(notice, cause, at) for notice in notices))

    async def _add(self, notice: NewNotice, cause: Cause, at: datetime) -> None:
        body = {
            "member": notice.member,
            "topic": notice.topic,
            "title": notice.title.model_dump(),
            "body": notice.body.model_dump(),
            "link": notice.link,
            "read_at": None,
        }
        created = publish.created(notice.id, notice.member, body, at)
        await self._documents.insert(notice.id, notice.site, Draft(body, [created]), cause, at=at)

    async def read(self, notice_id: str, member: str, cause: Cause, *, at: datetime) -> Stored:
        """Marks an own notice read; read before, it stays as it is. Raises NotFound."""

        def decide(doc: dict[str, Any]) -> Draft | None:
            if doc["read_at"] is not None:
                return None
            body = {k: doc[k] for k in ("member", "topic", "title", "body", "link")} | {"read_at": at}
            return Draft(body, [publish.read(doc, at)])

        return await self._documents.change(notice_id, decide, cause, at=at, where={"member": member})

"""Reads of the inbox: documents → contract views."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.notify.publish import view
from services.notify.store.notices import SAYS
from shared.contracts.message import Principal
from shared.contracts.notify import ListNotices, NoticesView
from shared.kernel.refusal import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class CursorUnknown(Invalid):
    """`after` is none of the cursors this service gave."""

    code = "cursor-unknown"


class Queries:
    """The principal stands in every filter: a foreign notice is not there."""

    def __init__(self, notices: Any) -> None:
        self._notices = notices

    async def list_notices(self, asked: ListNotices, by: Principal) -> NoticesView:
        """Newest first, or with `since` oldest first; one page. `since` may name a notice that was forgotten since."""
        query: dict[str, Any] = {"member": by.id, **SAYS}
        if asked.unread is not None:
            query["read_at"] = None if asked.unread else {"$ne": None}
        order = -1
        if asked.since is not None:
            order, known = 1, await self._notices.find_one({"_id": asked.since, "member": by.id})
            if known is None:
                return NoticesView(items=())
            query |= _beyond(known["created_at"], known["_id"], order)
        if asked.after is not None:
            query |= _beyond(*_position(asked.after), order)
        found = self._notices.find(query, {"log": 0}).sort([("created_at", order), ("_id", order)])
        docs = await found.limit(asked.limit + 1).to_list(asked.limit + 1)
        page, more = docs[: asked.limit], len(docs) > asked.limit
        return NoticesView(items=tuple(map(view, page)), next=_cursor(page[-1]) if more else None)


def _beyond(at: datetime, notice_id: str, order: int) -> dict[str, Any]:
    beyond = "$gt" if order > 0 else "$lt"
    return {
        "created_at": {f"{beyond}e": at},
        "$or": [{"created_at": {beyond: at}}, {"_id": {beyond: notice_id}}],
    }


def _cursor(doc: dict[str, Any]) -> str:
    return f"{(doc['created_at'] - _EPOCH) // _MS}.{doc['_id']}"


def _position(cursor: str) -> tuple[datetime, str]:
    at, _, notice_id = cursor.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) <= 14 and notice_id):
        raise CursorUnknown
    return _EPOCH + int(at) * _MS, notice_id

"""From a notice's document to what is answered and announced of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.contracts.message import BilingualView
from shared.contracts.notify import NoticeCreated, NoticeRead, NoticeView


def view(doc: Mapping[str, Any]) -> NoticeView:
    """The contract's view of a stored notice."""
    return _view(doc["_id"], doc, doc["created_at"])


def created(notice_id: str, member: str, body: Mapping[str, Any], at: datetime) -> NoticeCreated:
    return NoticeCreated(member=member, notice=_view(notice_id, body, at))


def read(doc: Mapping[str, Any], at: datetime) -> NoticeRead:
    return NoticeRead(id=doc["_id"], member=doc["member"], read_at=at)


def _view(notice_id: str, body: Mapping[str, Any], created_at: datetime) -> NoticeView:
    return NoticeView(
        id=notice_id,
        topic=body["topic"],
        title=BilingualView(**body["title"]),
        body=BilingualView(**body["body"]),
        created_at=created_at,
        read_at=body["read_at"],
        link=body["link"],
    )

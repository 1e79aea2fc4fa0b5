"""From a notice to what is answered and announced of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contracts.message import BilingualView, Event
from shared.contracts.notify import MemberErasedInNotify, NoticeCreated, NoticeRead, NoticeView


@dataclass(frozen=True, slots=True)
class NewNotice:
    """One notice to store; `id` is derived, so storing it again changes and announces nothing."""

    id: str
    member: str
    topic: str
    title: BilingualView
    body: BilingualView
    link: str | None


def view(doc: Mapping[str, Any]) -> NoticeView:
    """The contract's view of a stored notice."""
    return NoticeView(
        id=doc["_id"],
        topic=doc["topic"],
        title=BilingualView(**doc["title"]),
        body=BilingualView(**doc["body"]),
        created_at=doc["created_at"],
        read_at=doc["read_at"],
        link=doc["link"],
    )


def created(notice: NewNotice, at: datetime) -> NoticeCreated:
    """Built without validating again what is ours: thousands are made for one announcement."""
    shown = NoticeView.model_construct(
        id=notice.id,
        topic=notice.topic,
        title=notice.title,
        body=notice.body,
        created_at=at,
        read_at=None,
        link=notice.link,
    )
    return NoticeCreated.model_construct(member=notice.member, notice=shown)


def read(doc: Mapping[str, Any], at: datetime) -> NoticeRead:
    return NoticeRead(id=doc["_id"], member=doc["member"], read_at=at)


def part_erased(member: str, counts: Mapping[str, int], version: int) -> Event:
    """Notify has forgotten somebody."""
    return MemberErasedInNotify(member=member, counts=dict(counts), version=version)

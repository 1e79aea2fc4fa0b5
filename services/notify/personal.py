"""What notify keeps about one person, for that person to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.notify.queries import Queries
from services.notify.store import Mails, Notices, People
from shared.contracts.message import Asked, Principal
from shared.contracts.notify import ListNotices, PersonalDataInNotify
from shared.contracts.privacy import PersonalDataView, SectionView, section
from shared.kernel.names import written
from shared.kernel.refusal import Invalid, NotFound
from shared.kernel.time import shown, zone_of

_STAFF = frozenset({"site_staff", "operator"})
_PAGE = 100
_INSTANTS = ("created_at", "ended_at")
_TO_TELL = (
    "ご予約・ご登録の結果や変更をお知らせするため",
    "to tell you of what became of your bookings and registrations",
)


@dataclass(frozen=True, slots=True)
class PersonalQueries:
    """The inbox, then the mails, a page at a time."""

    people: People
    notices: Queries
    record: Notices
    mails: Mails

    async def personal_data(self, ask: Asked[PersonalDataInNotify]) -> PersonalDataView:
        """Of the asker, or for staff and operators of anybody. Raises NotFound, CursorUnknown."""
        member, by = ask.data.member, ask.principal
        if member != by.id and not _STAFF & by.roles:
            raise NotFound
        part, _, after = (ask.data.after or "").partition("|")
        if part == "mails":
            return await self._mails(member, after)
        if part not in ("", "notices"):
            raise PartUnknown
        listed = ListNotices(limit=_PAGE, after=after or None)
        page = await self.notices.list_notices(listed, Principal(kind="member", id=member))
        reasons = await self.record.reasons([each.id for each in page.items])
        notices = _notices([each.model_dump(mode="json") | {"reasons": reasons.get(each.id)} for each in page.items])
        contact = () if after else (await self._contact(member),)
        return PersonalDataView(sections=(*contact, notices), next=f"notices|{page.next}" if page.next else "mails|")

    async def _mails(self, member: str, after: str) -> PersonalDataView:
        rows = await self.mails.of(member, after=after, limit=_PAGE + 1)
        page = rows[:_PAGE]
        return PersonalDataView(
            sections=(_mailed(page),), next=f"mails|{page[-1]['_id']}" if len(rows) > len(page) else None
        )

    async def _contact(self, member: str) -> SectionView:
        person = await self.people.person(member)
        if person is None or person.contact.erased:
            return _contact([])
        reached = person.contact
        name = written(person.name, reached.language) if person.name else None
        return _contact(
            [{"email": person.email, "name": name, "language": reached.language, "time_zone": reached.zone}]
        )


class PartUnknown(Invalid):
    """`after` is none of the cursors this service gave."""

    code = "cursor-unknown"


def _contact(rows: Sequence[Mapping[str, Any]]) -> SectionView:
    return section(
        "contact",
        ("連絡先", "How you are reached"),
        purpose=_TO_TELL,
        kept=("アカウントがある間", "as long as the account exists"),
        columns={
            "email": ("メールアドレス", "E-mail address"),
            "name": ("宛名", "Name"),
            "language": ("言語", "Language"),
            "time_zone": ("タイムゾーン", "Time zone"),
        },
        rows=rows,
    )


def _notices(rows: Sequence[Mapping[str, Any]]) -> SectionView:
    return section(
        "notices",
        ("お知らせ", "Notices"),
        purpose=_TO_TELL,
        kept=("365日", "365 days"),
        columns={
            "created_at": ("日時", "When"),
            "topic": ("種類", "About"),
            "title": ("件名", "Title"),
            "body": ("本文", "Text"),
            "read_at": ("既読", "Read"),
            "reasons": ("理由", "Why"),
            "link": ("リンク", "Link"),
        },
        rows=rows,
    )


def _mailed(rows: Sequence[Mapping[str, Any]]) -> SectionView:
    """Without their words: those left with the mail."""
    utc = zone_of("UTC")
    return section(
        "mails",
        ("送信したメール", "Mails to you"),
        purpose=_TO_TELL,
        kept=("送信から180日", "180 days after it was sent"),
        columns={
            "created_at": ("日時", "When"),
            "topic": ("種類", "About"),
            "status": ("結果", "What became of it"),
            "ended_at": ("結果の日時", "When that was"),
        },
        rows=[{**row, **{name: shown(row[name], utc) for name in _INSTANTS if name in row}} for row in rows],
    )

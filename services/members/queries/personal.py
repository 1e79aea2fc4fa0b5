"""What members keeps about one person, for that person to read."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.members.domain.rights import check_export
from services.members.handlers.asking import actor_of, members_seen_by
from services.members.queries.pages import InvalidCursor
from services.members.store.identities import Identities
from services.members.store.mapping import SITE, member_from
from services.members.store.sessions import Sessions
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.contracts.privacy import PersonalDataView, SectionView, section
from shared.kernel.refusal import NotFound
from shared.kernel.time import shown, zone_of
from shared.kit.documents import Documents

PAGE = 500
"""Rows of one kind in one answer: well below what one message may be."""
Rows = list[dict[str, Any]]
Read = Callable[[dict[str, Any], str], Awaitable[Rows]]
"""One more than a page of what is kept of the person whose document this is, by id, behind that id."""
_ACCOUNT = ("アカウントがある間", "as long as the account exists")


@dataclass(frozen=True, slots=True)
class PersonalQueries:
    """`api_keys` is a collection."""

    members: Documents
    api_keys: Any
    sessions: Sessions
    identities: Identities

    async def personal_data(self, ask: Asked[contract.PersonalDataInMembers]) -> PersonalDataView:
        """A page of each kind of thing, then of what there is more of. Raises NotFound, Forbidden, InvalidCursor."""
        actor = actor_of(ask.principal)
        doc = await self.members.get(ask.data.member, members_seen_by(actor))
        if doc is None:
            raise NotFound
        check_export(actor, member_from(doc))
        kinds: dict[str, tuple[Read, Callable[[Rows], SectionView]]] = {
            "sessions": (self._sessions, sessions_section),
            "identities": (self._identities, identities_section),
            "api_keys": (self._keys, keys_section),
            "history": (self._entries, history_section),
        }
        begun, last = _opened(ask.data.after, kinds)
        sections = [person_section(doc)] if ask.data.after is None else []
        for kind in [*kinds][[*kinds].index(begun) :]:
            read, shown_as = kinds[kind]
            rows = await read(doc, last if kind == begun else "")
            sections.append(shown_as(rows[:PAGE]))
            if len(rows) > PAGE:
                return PersonalDataView(sections=tuple(sections), next=f"{kind}|{rows[PAGE - 1]['_id']}")
        return PersonalDataView(sections=tuple(sections))

    async def _sessions(self, doc: dict[str, Any], after: str) -> Rows:
        return [each for each in await self.sessions.of(doc["_id"], sys.maxsize) if each["_id"] > after][: PAGE + 1]

    async def _identities(self, doc: dict[str, Any], after: str) -> Rows:
        return [each for each in await self.identities.of(doc["_id"]) if each["_id"] > after][: PAGE + 1]

    async def _keys(self, doc: dict[str, Any], after: str) -> Rows:
        found = self.api_keys.find({"site": SITE, "owner": doc["_id"], "_id": {"$gt": after}}).sort("_id", 1)
        keys: Rows = await found.limit(PAGE + 1).to_list(PAGE + 1)
        return keys

    async def _entries(self, doc: dict[str, Any], after: str) -> Rows:
        entries = await self.members.log_page(doc, after=int(after or 0), limit=PAGE + 1)
        return [{**entry, "_id": str(entry["seq"])} for entry in entries]


def _opened(cursor: str | None, kinds: Mapping[str, Any]) -> tuple[str, str]:
    """Which kind of thing to go on with, and behind which of them. Raises InvalidCursor."""
    if cursor is None:
        return next(iter(kinds)), ""
    kind, _, last = cursor.partition("|")
    if kind not in kinds or (kind == "history" and not (last.isascii() and last.isdecimal())):
        raise InvalidCursor
    return kind, last


def person_section(doc: Mapping[str, Any]) -> SectionView:
    names = {
        "family": ("姓", "Family name"),
        "given": ("名", "Given name"),
        "family_kana": ("姓(かな)", "Family name in kana"),
        "given_kana": ("名(かな)", "Given name in kana"),
        "latin": ("ローマ字表記", "Name in Latin letters"),
    }
    columns = names | {
        "email": ("メールアドレス", "E-mail address"),
        "language": ("言語", "Language"),
        "time_zone": ("タイムゾーン", "Time zone"),
        "organizations": ("所属団体(ID)", "Organizations (ids)"),
        "roles": ("役割", "Roles"),
        "site_of_staff": ("担当拠点", "Site as staff"),
        "assistants": ("代理で予約できる人(ID)", "Who books for you (ids)"),
        "active": ("有効", "Active"),
        "created_at": ("登録日時", "Since"),
    }
    row = {**doc, **doc["name"], "created_at": shown(doc["created_at"], zone_of(doc["time_zone"]))}
    return section(
        "person",
        ("登録情報", "Who you are"),
        purpose=("ラウンジの利用者を確認し、連絡するため", "to know who uses the lounge, and to reach them"),
        kept=_ACCOUNT,
        columns=columns,
        rows=[row],
    )


def sessions_section(docs: Rows) -> SectionView:
    return section(
        "sessions",
        ("サインインの記録", "Sign-ins"),
        purpose=("本人だけが操作できるようにするため", "so that nobody but you acts for you"),
        kept=("最後の利用から15日", "15 days after its last use"),
        columns={
            "started_at": ("開始", "Begun"),
            "last_used_at": ("最後の利用", "Last used"),
            "revoked_at": ("終了", "Ended"),
            "ended_because": ("終了の理由", "Why it was ended"),
        },
        rows=[{k: _at(v) for k, v in _session(doc).items()} for doc in docs],
    )


def _session(doc: Mapping[str, Any]) -> dict[str, Any]:
    used = [*filter(None, [doc.get("started_at")]), *doc.get("rotations", [])]
    told = {name: doc.get(name) for name in ("started_at", "revoked_at", "ended_because")}
    return told | {"last_used_at": max(used, default=None)}


def identities_section(docs: Rows) -> SectionView:
    return section(
        "identities",
        ("所属組織のアカウント", "Your organization's account"),
        purpose=("所属組織のアカウントでサインインしていただくため", "so that you can sign in with it"),
        kept=_ACCOUNT,
        columns={"issuer": ("発行元", "Provider"), "created_at": ("連携日時", "Linked")},
        rows=[{"issuer": doc["issuer"], "created_at": _at(doc["created_at"])} for doc in docs],
    )


def keys_section(docs: Rows) -> SectionView:
    columns = {
        "name": ("名称", "Name"),
        "prefix": ("先頭の文字", "Begins with"),
        "scopes": ("権限", "Scopes"),
        "organization": ("団体(ID)", "Organization (id)"),
        "for_site": ("拠点", "Site"),
        "created_at": ("作成", "Made"),
        "expires_at": ("有効期限", "Expires"),
        "last_used_at": ("最後の利用", "Last used"),
        "revoked_at": ("失効", "Revoked"),
        "reasons": ("理由", "Why"),
    }
    return section(
        "api_keys",
        ("APIキー", "API keys"),
        purpose=("プログラムが代わりに操作するため", "so that your programs act for you"),
        kept=_ACCOUNT,
        columns=columns,
        rows=[{name: _at(value) for name, value in _key(doc).items()} for doc in docs],
    )


def _key(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {**doc, "reasons": [entry["reason"] for entry in doc["log"] if "reason" in entry]}


def history_section(entries: Rows) -> SectionView:
    return section(
        "history",
        ("登録情報の変更履歴", "What was changed of it"),
        purpose=("いつ誰が変更したかを確かめるため", "to tell who changed it, and when"),
        kept=_ACCOUNT,
        columns={
            "time": ("日時", "When"),
            "type": ("種類", "What"),
            "changed": ("変更された項目", "Fields"),
            "actor": ("操作者(ID)", "By (id)"),
            "reason": ("理由", "Why"),
        },
        rows=[{**e, "time": _at(e["time"]), "changed": e.get("data", {}).get("changed")} for e in entries],
    )


def _at(value: Any) -> Any:
    """An instant as it is answered; anything else as it is."""
    return shown(value, zone_of("UTC")) if hasattr(value, "astimezone") else value

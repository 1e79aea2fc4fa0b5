"""What members keeps about one person, for that person to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.members.domain.rights import check_export
from services.members.handlers.asking import actor_of, members_seen_by
from services.members.queries.pages import one
from services.members.store.identities import Identities
from services.members.store.mapping import SITE, member_from
from services.members.store.sessions import Sessions
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.contracts.privacy import PersonalDataView, SectionView, section
from shared.kernel.time import shown, zone_of

_MOST = 1_000
_ACCOUNT = ("アカウントがある間", "as long as the account exists")


@dataclass(frozen=True, slots=True)
class PersonalQueries:
    """`members` and `api_keys` are collections."""

    members: Any
    api_keys: Any
    sessions: Sessions
    identities: Identities

    async def personal_data(self, ask: Asked[contract.PersonalDataInMembers]) -> PersonalDataView:
        """Raises NotFound, Forbidden."""
        actor = actor_of(ask.principal)
        doc = await one(self.members, ask.data.member, members_seen_by(actor))
        member = member_from(doc)
        check_export(actor, member)
        keys = await self.api_keys.find({"site": SITE, "owner": member.id}).sort("_id", 1).to_list(_MOST)
        sessions = await self.sessions.of(member.id, _MOST)
        vouched = _identities(await self.identities.of(member.id))
        return PersonalDataView(sections=(_person(doc), _sessions(sessions), vouched, _keys(keys), _history(doc)))


def _person(doc: Mapping[str, Any]) -> SectionView:
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


def _sessions(docs: list[dict[str, Any]]) -> SectionView:
    return section(
        "sessions",
        ("サインインの記録", "Sign-ins"),
        purpose=("本人だけが操作できるようにするため", "so that nobody but you acts for you"),
        kept=("最後の利用から15日", "15 days after its last use"),
        columns={
            "started_at": ("開始", "Begun"),
            "last_used_at": ("最後の利用", "Last used"),
            "revoked_at": ("終了", "Ended"),
        },
        rows=[{k: _at(v) for k, v in _session(doc).items()} for doc in docs],
    )


def _session(doc: Mapping[str, Any]) -> dict[str, Any]:
    used = [*filter(None, [doc.get("started_at")]), *doc.get("rotations", [])]
    begun, ended = doc.get("started_at"), doc.get("revoked_at")
    return {"started_at": begun, "last_used_at": max(used, default=None), "revoked_at": ended}


def _identities(docs: list[dict[str, Any]]) -> SectionView:
    return section(
        "identities",
        ("所属組織のアカウント", "Your organization's account"),
        purpose=("所属組織のアカウントでサインインしていただくため", "so that you can sign in with it"),
        kept=_ACCOUNT,
        columns={"issuer": ("発行元", "Provider"), "created_at": ("連携日時", "Linked")},
        rows=[{"issuer": doc["issuer"], "created_at": _at(doc["created_at"])} for doc in docs],
    )


def _keys(docs: list[dict[str, Any]]) -> SectionView:
    columns = {
        "name": ("名称", "Name"),
        "prefix": ("先頭の文字", "Begins with"),
        "scopes": ("権限", "Scopes"),
        "for_site": ("拠点", "Site"),
        "created_at": ("作成", "Made"),
        "expires_at": ("有効期限", "Expires"),
        "last_used_at": ("最後の利用", "Last used"),
        "revoked_at": ("失効", "Revoked"),
    }
    return section(
        "api_keys",
        ("APIキー", "API keys"),
        purpose=("プログラムが代わりに操作するため", "so that your programs act for you"),
        kept=_ACCOUNT,
        columns=columns,
        rows=[{name: _at(doc.get(name)) for name in columns} for doc in docs],
    )


def _history(doc: Mapping[str, Any]) -> SectionView:
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
        },
        rows=[{**e, "time": _at(e["time"]), "changed": e["data"].get("changed")} for e in doc["log"]],
    )


def _at(value: Any) -> Any:
    """An instant as it is answered; anything else as it is."""
    return shown(value, zone_of("UTC")) if hasattr(value, "astimezone") else value

"""A person's bookings, for that person to read: all that is kept, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts.privacy import SectionView, section
from shared.kernel.time import shown, zone_of

Doc = Mapping[str, Any]
_INSTANTS = ("starts_at", "ends_at", "created_at", "checked_in_at")


def personal_section(docs: list[dict[str, Any]], member: str) -> SectionView:
    """`docs` are bookings `member` is a party of."""
    return section(
        "bookings",
        ("予約", "Bookings"),
        purpose=("部屋やデスクをお使いいただくため", "so that you can use rooms and desks"),
        kept=(
            "記入内容は終了後183日、予約そのものは期限なし",
            "what you wrote: 183 days after its end; the rest: no limit",
        ),
        columns={
            "id": ("予約ID", "Id"),
            "site": ("拠点", "Site"),
            "resource": ("施設", "Resource"),
            "starts_at": ("開始", "From"),
            "ends_at": ("終了", "To"),
            "status": ("状態", "Status"),
            "purpose": ("目的", "Purpose"),
            "reason": ("理由", "Reason"),
            "attendees": ("人数", "People"),
            "made_by_you": ("本人が予約", "Made by you"),
            "for_you": ("本人のための予約", "For you"),
            "organization": ("団体(ID)", "Organization (id)"),
            "created_at": ("予約日時", "Made"),
            "checked_in_at": ("チェックイン", "Checked in"),
            "visible": ("在室を公開", "Chose to be seen"),
            "struck_at": ("不来場の記録", "Noted that you did not come"),
            "forgiven_at": ("不来場の取消", "That was forgiven"),
            "forgiven_by": ("取消した人(ID)", "By (id)"),
        },
        rows=[{**_row(doc, member), **_strike(doc, member)} for doc in docs],
    )


def written_section(docs: Sequence[Doc], entries: Mapping[str, Sequence[Doc]], member: str) -> SectionView:
    """`entries`: by id, those of the histories of these `docs` that hold what people wrote (`Bookings.written`)."""
    return section(
        "written",
        ("予約に記入された内容の履歴", "What was written into bookings over time"),
        purpose=("いつ誰が変更したかを確かめるため", "to tell who changed what, and when"),
        kept=("終了後183日", "183 days after its end"),
        columns={
            "id": ("予約ID", "Id"),
            "time": ("日時", "When"),
            "type": ("種類", "What"),
            "by_you": ("本人による変更", "By you"),
            "reason": ("その理由", "Reason given for it"),
            "purpose_before": ("それまでの目的", "Purpose until then"),
            "reason_before": ("それまでの理由", "Reason until then"),
        },
        rows=[_entry(doc, each, member) for doc in docs for each in entries.get(doc["_id"], ())],
    )


def waiting_section(docs: list[dict[str, Any]], reasons: Mapping[str, list[str]], member: str) -> SectionView:
    """`docs` are entries of the waiting list `member` is a party of; `reasons` by id, why what was done to them."""
    return section(
        "waits",
        ("空き待ち", "Waiting list"),
        purpose=("空きが出たときにご案内するため", "so that freed time can be offered to you"),
        kept=(
            "目的は空き待ちの間、理由は希望日時から183日、記録は期限なし",
            "its purpose: while you wait; why: 183 days after what you waited for; the rest: no limit",
        ),
        columns={
            "id": ("受付番号", "Id"),
            "site": ("拠点", "Site"),
            "resource": ("施設", "Resource"),
            "kind": ("種類", "Kind"),
            "starts_at": ("開始", "From"),
            "ends_at": ("終了", "To"),
            "status": ("状態", "Status"),
            "purpose": ("目的", "Purpose"),
            "attendees": ("人数", "People"),
            "made_by_you": ("本人が登録", "Made by you"),
            "for_you": ("本人のため", "For you"),
            "organization": ("団体(ID)", "Organization (id)"),
            "created_at": ("登録日時", "Made"),
            "reasons": ("理由", "Why"),
        },
        rows=[{**_row(doc, member), "reasons": reasons.get(doc["_id"])} for doc in docs],
    )


def _entry(doc: Doc, entry: Doc, member: str) -> dict[str, Any]:
    words = {f"{name}_before": value for name, value in entry.get("words", {}).items()}
    said = {"time": shown(entry["time"], zone_of(doc["time_zone"])), "by_you": entry["actor"] == member}
    return {**entry, **words, **said, "id": doc.get("series", doc["_id"])}


def _strike(doc: Doc, member: str) -> dict[str, Any]:
    """What is noted of this person; of somebody else's not coming, theirs says it."""
    strike, zone = doc.get("strike", {}), zone_of(doc["time_zone"])
    if strike.get("member") != member:
        return {}
    forgiven = strike.get("forgiven_at")
    return {
        "struck_at": shown(strike["at"], zone),
        "forgiven_at": forgiven and shown(forgiven, zone),
        "forgiven_by": strike.get("forgiven_by"),
    }


def _row(doc: Doc, member: str) -> dict[str, Any]:
    zone = zone_of(doc["time_zone"])
    instants = {name: shown(doc[name], zone) for name in _INSTANTS if doc.get(name)}
    whose = {"made_by_you": doc["booked_by"] == member, "for_you": doc["booked_for"] == member}
    return {**doc, **instants, **whose, "id": doc["_id"]}

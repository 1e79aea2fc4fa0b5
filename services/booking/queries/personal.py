"""A person's bookings, for that person to read: all that is kept, and why."""

from collections.abc import Mapping
from typing import Any

from shared.contracts.privacy import SectionView, section
from shared.kernel.time import shown, zone_of

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
            "attendees": ("人数", "People"),
            "made_by_you": ("本人が予約", "Made by you"),
            "for_you": ("本人のための予約", "For you"),
            "organization": ("団体(ID)", "Organization (id)"),
            "created_at": ("予約日時", "Made"),
            "checked_in_at": ("チェックイン", "Checked in"),
            "visible": ("在室を公開", "Chose to be seen"),
        },
        rows=[_row(doc, member) for doc in docs],
    )


def waiting_section(docs: list[dict[str, Any]], member: str) -> SectionView:
    """`docs` are entries of the waiting list `member` is a party of."""
    return section(
        "waits",
        ("空き待ち", "Waiting list"),
        purpose=("空きが出たときにご案内するため", "so that freed time can be offered to you"),
        kept=("記入内容は空き待ちの間、記録は期限なし", "what you wrote: while you wait; the rest: no limit"),
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
        },
        rows=[_row(doc, member) for doc in docs],
    )


def _row(doc: Mapping[str, Any], member: str) -> dict[str, Any]:
    zone = zone_of(doc["time_zone"])
    instants = {name: shown(doc[name], zone) for name in _INSTANTS if doc.get(name)}
    whose = {"made_by_you": doc["booked_by"] == member, "for_you": doc["booked_for"] == member}
    return {**doc, **instants, **whose, "id": doc["_id"]}

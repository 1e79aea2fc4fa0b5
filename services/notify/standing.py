"""What is said of an organization's membership: each step with its meaning, its period, the days that are left."""

from collections.abc import Mapping
from typing import Any

from services.notify.moments import day_text
from shared.contracts.members import MembershipView, OrganizationStatusChanged, RenewalDue
from shared.kernel.text import Language

Words = tuple[str, str]
_STEPS: Mapping[Language, Mapping[str, Words]] = {
    "ja": {
        "activate": ("会員資格が有効になりました", "会員資格が有効になりました。会員期間内の日時で予約できます。"),
        "renew": ("会員期間が更新されました", "会員期間が更新されました。新しい期間の日時でも予約できます。"),
        "suspend": (
            "会員資格を一時停止しました",
            (
                "会員資格を一時停止しました。新しい予約はできません。既存の予約は14日間そのまま残り、"
                "再開されない場合は取り消されます。詳しくは LINK-J スタッフまでお問い合わせください。"
            ),
        ),
        "resume": ("会員資格を再開しました", "会員資格の一時停止を解除しました。ふたたび予約できます。"),
        "expire": ("会員期間が満了しました", "会員期間が満了しました。最終日より後の日時は予約できません。"),
        "leave": ("退会の手続きが完了しました", "退会の手続きが完了しました。今後の予約はすべて取り消されます。"),
    },
    "en": {
        "activate": ("The membership is active", "The membership is active. Bookings can be made for dates within it."),
        "renew": (
            "The membership has been renewed",
            "The membership has been renewed. Bookings can be made for dates within the new period too.",
        ),
        "suspend": (
            "The membership is suspended",
            (
                "The membership is suspended. No new bookings can be made. Those already made are kept for 14 days, "
                "and cancelled if it has not been resumed by then. Please ask the LINK-J staff about it."
            ),
        ),
        "resume": ("The membership has been resumed", "The membership has been resumed. Bookings can be made again."),
        "expire": (
            "The membership has expired",
            "The membership has expired. No bookings can be made for dates after its last day.",
        ),
        "leave": ("The organization has left", "The organization has left. All of its coming bookings are cancelled."),
    },
}


def standing_words(facts: OrganizationStatusChanged | RenewalDue, language: Language) -> dict[str, Any]:
    """What a letter about a membership says."""
    if isinstance(facts, RenewalDue):
        return renewal_words(facts, language)
    return membership_words(facts, language)


def membership_words(facts: OrganizationStatusChanged, language: Language) -> dict[str, Any]:
    """One that was resumed after its last day has expired, whatever led there."""
    step = "expire" if facts.status == "expired" else facts.transition
    headline, meaning = _STEPS[language][step]
    period = [_period(facts.membership, language)] if facts.membership else []
    return {"headline": [headline], "meaning": [meaning], "period": period}


def renewal_words(facts: RenewalDue, language: Language) -> dict[str, Any]:
    left = f"あと{facts.days}日" if language == "ja" else f"{facts.days} day{'' if facts.days == 1 else 's'}"
    return {"left": [left], "period": [_period(facts.membership, language)]}


def _period(period: MembershipView, language: Language) -> str:
    return f"{day_text(period.starts_on, language)}–{day_text(period.ends_on, language)}"

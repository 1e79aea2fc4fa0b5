"""What is said of a series: each decision with its meaning, the times it is about, what of the rule was left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.notify.domain.plan import Topic
from services.notify.moments import span_lines
from shared.contracts.booking import OccurrenceGist, SeriesEvent, SeriesPlaced
from shared.kernel.text import Language

Words = tuple[str, str]
MOST_TIMES = 10
"""More than that nobody reads in a mail; the rest is counted."""
_STEPS: Mapping[Language, Mapping[Topic, Words]] = {
    "ja": {
        Topic.SERIES_PLACED: ("繰り返し予約を受け付けました", "次の繰り返し予約を受け付けました。"),
        Topic.SERIES_PENDING: (
            "繰り返し予約は承認待ちです",
            "次の繰り返し予約を受け付けました。拠点職員の承認をお待ちください。",
        ),
        Topic.SERIES_CONFIRMED: ("繰り返し予約が確定しました", "次の繰り返し予約が承認され、確定しました。"),
        Topic.SERIES_REJECTED: ("繰り返し予約は承認されませんでした", "次の繰り返し予約は承認されませんでした。"),
        Topic.SERIES_CHANGED: ("繰り返し予約が変更されました", "繰り返し予約のうち、次の回の内容が変更されました。"),
        Topic.SERIES_CANCELLED: ("繰り返し予約を取り消しました", "繰り返し予約のうち、次の回は取り消されました。"),
        Topic.SERIES_EXPIRED: (
            "繰り返し予約は期限切れになりました",
            "繰り返し予約のうち、次の回は期限までに承認されなかったため、無効になりました。",
        ),
        Topic.SERIES_RECEIVED: (
            "繰り返し予約の引き継ぎ",
            "次の繰り返し予約は、これまでの予約者が団体を離れたため、あなたに引き継がれました。",
        ),
        Topic.SERIES_HANDED_OVER: (
            "繰り返し予約が引き継がれました",
            "次の繰り返し予約は、これまでの予約者が団体を離れたため、団体内の別の方に引き継がれました。",
        ),
    },
    "en": {
        Topic.SERIES_PLACED: ("Series booked", "Your series of bookings has been made."),
        Topic.SERIES_PENDING: (
            "Series awaiting approval",
            "Your series of bookings has been received. Staff of the site have to approve it.",
        ),
        Topic.SERIES_CONFIRMED: ("Series confirmed", "Your series of bookings has been approved and is confirmed."),
        Topic.SERIES_REJECTED: ("Series not approved", "This series of bookings has not been approved."),
        Topic.SERIES_CHANGED: ("Series changed", "These times of a series of bookings have been changed."),
        Topic.SERIES_CANCELLED: ("Series cancelled", "These times of a series of bookings have been cancelled."),
        Topic.SERIES_EXPIRED: (
            "Series expired",
            "These times of a series of bookings are not kept any longer, because nobody approved them in time.",
        ),
        Topic.SERIES_RECEIVED: (
            "A series is yours now",
            "This series of bookings is yours now, because the person who held it has left the organization.",
        ),
        Topic.SERIES_HANDED_OVER: (
            "Series handed over",
            "This series has been handed over within the organization, because who made it or held it has left.",
        ),
    },
}
SERIES = tuple(_STEPS["en"])
"""The topics that are a series's."""
_LEFT_OUT: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "slot-taken": "既に予約済み",
        "closed": "臨時休館",
        "closed-on-holiday": "祝日のため休館",
        "outside-opening-hours": "営業時間外",
        "nonexistent-local-time": "夏時間のため存在しない時刻",
        "quota-exceeded": "利用時間の上限",
        "too-far-ahead": "まだ予約できない日",
    },
    "en": {
        "slot-taken": "taken",
        "closed": "closed that day",
        "closed-on-holiday": "closed on a holiday",
        "outside-opening-hours": "outside opening hours",
        "nonexistent-local-time": "skipped by the clocks",
        "quota-exceeded": "no hours left",
        "too-far-ahead": "too far ahead",
    },
}
_OTHERWISE: Mapping[Language, str] = {"ja": "その他の規則", "en": "by another rule"}


def series_words(topic: Topic, facts: SeriesEvent, zones: Sequence[str], language: Language) -> dict[str, Any]:
    """The first times on every clock, the others on the site's alone."""
    headline, meaning = _STEPS[language][topic]
    first, *others = facts.occurrences
    shown = [line for each in others[: MOST_TIMES - 1] for line in _times(each, zones, language)]
    more = len(others) - (MOST_TIMES - 1)
    if more > 0:
        shown.append(f"ほか{more}回" if language == "ja" else f"and {more} more")
    remaining = getattr(facts, "remaining", None)
    return {
        "headline": [headline],
        "meaning": [meaning],
        "times": span_lines(first.starts_at, first.ends_at, zones, language),
        "others": shown,
        "left_out": _left_out(facts, language) if isinstance(facts, SeriesPlaced) else [],
        "remaining": [] if remaining is None else [f"{remaining}回" if language == "ja" else str(remaining)],
        "debit_kept": bool(getattr(facts, "debit_kept", ())),
        "reference": [facts.id],
    }


def _times(each: OccurrenceGist, zones: Sequence[str], language: Language) -> list[str]:
    return span_lines(each.starts_at, each.ends_at, zones[:1], language)


def _left_out(facts: SeriesPlaced, language: Language) -> list[str]:
    """How many times of the rule, for each reason."""
    names = [_LEFT_OUT[language].get(each.reason, _OTHERWISE[language]) for each in facts.skipped]
    counted = {name: names.count(name) for name in names}
    return [f"{name}（{n}回）" if language == "ja" else f"{name} ({n})" for name, n in counted.items()]

"""Instants as people read them: on the site's clock and on the reader's; undecided times as undecided."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location

from shared.contracts.events import Announced, DayPart, When
from shared.kernel.text import Language
from shared.kernel.time import zone_of

_PARTS: dict[Language, dict[DayPart, str]] = {
    "ja": {"morning": "朝", "afternoon": "午後", "evening": "夕方", "night": "夜"},
    "en": {"morning": "morning", "afternoon": "afternoon", "evening": "evening", "night": "night"},
}
_NO_CLOCK_TIME: dict[Language, str] = {"ja": "時刻は未定です", "en": "The time of day is not decided yet"}
_NO_DAY: dict[Language, str] = {"ja": "日付は未定です", "en": "The day is not decided yet"}
_NO_DATE: dict[Language, str] = {"ja": "日程は未定です", "en": "The date is not decided yet"}
_TENTATIVE: dict[Language, str] = {"ja": "（予定）", "en": " (tentative)"}


def span_lines(start: datetime, end: datetime | None, zones: Sequence[str], language: Language) -> list[str]:
    """One line for each zone whose clock differs from those before it; the first zone is the site's."""
    lines, offsets = [], set()
    for name in zones:
        zone = zone_of(name)
        offset = start.astimezone(zone).utcoffset()
        if offset not in offsets:
            offsets.add(offset)
            lines.append(_span(start, end, zone, language))
    return lines


def when_lines(when: When, zones: Sequence[str], language: Language) -> list[str]:
    """As far as it is decided and no further: only precision `instant` shows a clock time or another zone's date."""
    mark = _TENTATIVE[language] if when.certainty == "tentative" else ""
    if when.starts_at is not None:
        return [line + mark for line in span_lines(when.starts_at, when.ends_at, zones, language)]
    if when.precision in ("day", "day_part"):
        return [*(_announced(each, language) + mark for each in when.announced), _NO_CLOCK_TIME[language]]
    if when.month is not None:
        year, month = map(int, when.month.split("-"))
        pattern = "y年M月" if language == "ja" else "MMMM y"
        return [format_date(date(year, month, 1), pattern, locale=language) + mark, _NO_DAY[language]]
    return [_NO_DATE[language]]


def _span(start: datetime, end: datetime | None, zone: ZoneInfo, language: Language) -> str:
    first = start.astimezone(zone)
    text = f"{day_text(first.date(), language)} {first:%H:%M}"
    if end is not None:
        last = end.astimezone(zone)
        other_day = "" if last.date() == first.date() else f"{day_text(last.date(), language)} "
        text += f"–{other_day}{last:%H:%M}"
    place = f"{_city(zone.key, language)}, {_offset(first)}"
    return f"{text}（{place}）" if language == "ja" else f"{text} ({place})"


def _announced(each: Announced, language: Language) -> str:
    text, place = day_text(each.date, language), _city(each.zone, language)
    if each.part is not None:
        text += f" {_PARTS[language][each.part]}" if language == "ja" else f", {_PARTS[language][each.part]}"
    return f"{text}（{place}）" if language == "ja" else f"{text} ({place})"


@lru_cache(maxsize=1024)
def day_text(day: date, language: Language) -> str:
    """A date as people write it."""
    return format_date(day, "y年M月d日(E)" if language == "ja" else "EEE, MMM d, y", locale=language)


@lru_cache(maxsize=1024)
def _city(zone: str, language: Language) -> str:
    return get_timezone_location(zone_of(zone), locale=language, return_city=True)


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return "UTC" if not minutes else f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")

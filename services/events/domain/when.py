"""A time as far as it is decided, and what of it is honestly known in a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from shared.kernel.text import Text
from shared.kernel.time import start_of_day, zone_of

Precision = Literal["instant", "day_part", "day", "month", "tba"]
Certainty = Literal["tentative", "final"]
DayPart = Literal["morning", "afternoon", "evening", "night"]

_PARTS: dict[DayPart, tuple[str, str]] = {
    "morning": ("午前", "morning"),
    "afternoon": ("午後", "afternoon"),
    "evening": ("夕方", "evening"),
    "night": ("夜", "night"),
}
_DAYS_JA = "月火水木金土日"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Announced:
    """What was said for one zone: a date, perhaps a part of the day."""

    zone: str
    date: date
    part: DayPart | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What may be said in one zone; what is None nobody decided, or nobody said for this zone."""

    zone: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    date: date | None = None
    part: DayPart | None = None
    month: str | None = None


@dataclass(frozen=True, slots=True)
class When:
    """`zone` is the zone it was decided in. Instants are UTC and belong to precision `instant` alone."""

    precision: Precision
    zone: str
    certainty: Certainty
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    announced: tuple[Announced, ...] = ()
    month: str | None = None

    def known_in(self, zone: str) -> Known:
        """Never computed from another zone's date: an evening in New York has no date in Tokyo until one is said."""
        if self.precision == "instant" and self.starts_at is not None:
            return Known(zone, self.starts_at, self.ends_at, self.starts_at.astimezone(zone_of(zone)).date())
        if self.precision == "month" and zone == self.zone:
            return Known(zone, month=self.month)
        for said in self.announced:
            if said.zone == zone:
                return Known(zone, date=said.date, part=said.part)
        return Known(zone)

    def started(self, at: datetime) -> bool:
        """Only an instant can be known to have come."""
        return self.starts_at is not None and self.starts_at <= at

    def over(self, at: datetime) -> bool:
        """It cannot lie ahead any more, whatever time is decided within what was said."""
        end = self._latest_end()
        return end is not None and end <= at

    def _latest_end(self) -> datetime | None:
        if self.precision == "instant":
            return self.ends_at or self.starts_at
        ends = [start_of_day(said.date + timedelta(days=1), zone_of(said.zone)) for said in self.announced]
        if self.month is not None:
            ends.append(_after_month(self.month, zone_of(self.zone)))
        return max(ends, default=None)


def _after_month(month: str, zone: ZoneInfo) -> datetime:
    first = date.fromisoformat(f"{month}-01")
    return start_of_day((first + timedelta(days=31)).replace(day=1), zone).astimezone(UTC)


def worded(known: Known, when: When) -> Text:
    """What `known` says, for people; a decided time only where there is one, and its certainty."""
    ja, en = _words(known, when)
    if when.certainty == "tentative" and when.precision != "tba":
        ja, en = f"{ja}(予定)", f"{en} (tentative)"
    return Text(ja=ja, en=en)


def _words(known: Known, when: When) -> tuple[str, str]:
    if known.starts_at is not None:
        return _instant_words(known, known.starts_at)
    if known.date is not None:
        ja, en = _date_words(known.date)
        if known.part is not None:
            part_ja, part_en = _PARTS[known.part]
            ja, en = f"{ja} {part_ja}", f"{en}, {part_en}"
        return f"{ja}・時刻未定", f"{en}, time to be decided"
    if when.precision == "month" and when.month is not None:
        year, month = when.month.split("-")
        place = "" if known.month else f", {when.zone}"
        name = _MONTHS_EN[int(month) - 1]
        return f"{int(year)}年{int(month)}月{place}・日程未定", f"{name} {year}{place}, day to be decided"
    if when.announced:
        return f"{known.zone} での日付は未発表", f"no date announced for {known.zone}"
    return "日時未定", "to be decided"


def _instant_words(known: Known, starts_at: datetime) -> tuple[str, str]:
    zone = zone_of(known.zone)
    start = starts_at.astimezone(zone)
    ja, en = _date_words(start.date())
    ja, en = f"{ja} {start:%H:%M}", f"{en}, {start:%H:%M}"
    if known.ends_at is not None:
        end = known.ends_at.astimezone(zone)
        days = (end.date() - start.date()).days
        ja, en = f"{ja}〜{_next_ja(days)}{end:%H:%M}", f"{en}–{end:%H:%M}{f' (+{days} d)' if days else ''}"
    return ja, en


def _next_ja(days: int) -> str:
    return "" if days == 0 else "翌日" if days == 1 else f"{days}日後 "


def _date_words(day: date) -> tuple[str, str]:
    ja = f"{day.year}年{day.month}月{day.day}日({_DAYS_JA[day.weekday()]})"
    return ja, f"{_DAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"

"""A rule of RFC 5545, as far as bookings repeat by one: read and judged here, spelled out by `handlers/recurring`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.booking.domain.series_refusals import RecurrenceInvalid

_DAY = r"(?:MO|TU|WE|TH|FR|SA|SU)"
_MONTHDAY, _YEARDAY = r"[+-]?(?:[1-9]|[12]\d|3[01])", r"[+-]?(?:[1-9]|[1-9]\d|[12]\d\d|3[0-5]\d|36[0-6])"
_WEEK = r"[+-]?(?:[1-9]|[1-4]\d|5[0-3])"


def _listed(one: str) -> str:
    return f"{one}(?:,{one}){{0,365}}"


_FORMS: Mapping[str, str] = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": r"[12]\d{7}(?:T\d{6}Z?)?",
    "WKST": _DAY,
    "BYDAY": _listed(f"(?:{_WEEK})?{_DAY}"),
    "BYMONTH": _listed(r"(?:[1-9]|1[0-2])"),
    "BYMONTHDAY": _listed(_MONTHDAY),
    "BYYEARDAY": _listed(_YEARDAY),
    "BYWEEKNO": _listed(_WEEK),
    "BYSETPOS": _listed(_YEARDAY),
}
"""Nothing within a day (BYHOUR and finer): a series has at most one time a day, that of its first."""
_NOT_WITH: Mapping[str, frozenset[str]] = {
    "DAILY": frozenset({"BYYEARDAY", "BYWEEKNO", "BYSETPOS"}),
    "WEEKLY": frozenset({"BYYEARDAY", "BYWEEKNO", "BYMONTHDAY", "BYSETPOS"}),
    "MONTHLY": frozenset({"BYYEARDAY", "BYWEEKNO"}),
    "YEARLY": frozenset(),
}
_LENGTH = {8: "%Y%m%d", 15: "%Y%m%dT%H%M%S", 16: "%Y%m%dT%H%M%SZ"}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """`parts` without COUNT and UNTIL, which bound it: nobody spells a rule out further than it may be booked."""

    text: str
    parts: Mapping[str, str]
    count: int | None = None
    until: str | None = None

    @classmethod
    def read(cls, text: str) -> Recurrence:
        """Raises RecurrenceInvalid, naming the part that is wrong."""
        parts: dict[str, str] = {}
        for each in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
            name, _, value = each.partition("=")
            if name in parts or name not in _FORMS or not re.fullmatch(_FORMS[name], value, re.ASCII):
                raise RecurrenceInvalid(part=name[:20])
            parts[name] = value
        _check(parts)
        count, until = parts.pop("COUNT", None), parts.pop("UNTIL", None)
        rule = cls(text, parts, int(count) if count else None, until)
        rule.last_wall(ZoneInfo("UTC"))
        return rule

    @property
    def bounded(self) -> bool:
        return self.count is not None or self.until is not None

    @property
    def rule(self) -> str:
        """Without its bounds."""
        return ";".join(f"{name}={value}" for name, value in self.parts.items())

    def last_wall(self, zone: ZoneInfo) -> datetime | None:
        """UNTIL on the wall of the anchor zone: a day is meant with all of it. Raises RecurrenceInvalid."""
        if self.until is None:
            return None
        try:
            at = datetime.strptime(self.until, _LENGTH[len(self.until)])  # noqa: DTZ007 — a wall time; see below
            if self.until.endswith("Z"):
                return at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
        except (ValueError, OverflowError):
            raise RecurrenceInvalid(part="UNTIL") from None
        return at if "T" in self.until else datetime.combine(at.date(), time.max)

    def passes(self, day: datetime) -> bool:
        """Whether the limits of a daily rule let that day through; of other rules it is not asked."""
        if self.parts["FREQ"] != "DAILY":
            return True
        length = ((day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)).day
        is_: Mapping[str, set[str]] = {
            "BYMONTH": {str(day.month)},
            "BYMONTHDAY": {str(day.day), f"+{day.day}", str(day.day - length - 1)},
            "BYDAY": {("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day.weekday()]},
        }
        return all(is_[name] & set(self.parts[name].split(",")) for name in is_ if name in self.parts)


def _check(parts: Mapping[str, str]) -> None:
    """What RFC 5545 forbids beyond the form of each part, and what it leaves open."""
    freq = parts.get("FREQ")
    if freq is None:
        raise RecurrenceInvalid(part="FREQ")
    if both := {"COUNT", "UNTIL"} <= parts.keys() and "COUNT":
        raise RecurrenceInvalid(part=both)
    if misplaced := sorted(_NOT_WITH[freq] & parts.keys()):
        raise RecurrenceInvalid(part=misplaced[0])
    days = parts.get("BYDAY", "MO").split(",")
    numbers = [int(number) for day in days for number in re.findall(r"\d+", day)]
    # Numbered days beside plain ones are read differently by different programs.
    if len(numbers) not in (0, len(days)) or max(numbers, default=0) > _furthest_day(parts):
        raise RecurrenceInvalid(part="BYDAY")
    if "BYWEEKNO" in parts and "BYDAY" not in parts:
        raise RecurrenceInvalid(part="BYWEEKNO")
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise RecurrenceInvalid(part="BYSETPOS")


def _furthest_day(parts: Mapping[str, str]) -> int:
    """The how manieth Monday there may be: of a month, of a year, or of nothing longer than a week."""
    if parts["FREQ"] in ("DAILY", "WEEKLY") or "BYWEEKNO" in parts:
        return 0
    return 53 if parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts else 5

"""What a site says, in a test."""

from datetime import datetime, timedelta
from typing import Any

from shared.kernel.ids import new_id
from shared.kit.clock import SystemClock

_salt = [""]


def salted(salt: str) -> None:
    """External ids made from now on are this test's own: the streams' dedupe outlives what a test leaves behind."""
    _salt[0] = salt


def named(external_id: str) -> str:
    """The external id a test calls this."""
    return external_id + _salt[0]


TITLE = {"ja": "米国の最新ライフサイエンス事情"}
DAY_PART = {
    "precision": "day_part",
    "zone": "America/New_York",
    "announced": [
        {"zone": "America/New_York", "date": "2099-12-15", "part": "evening"},
        {"zone": "Asia/Tokyo", "date": "2099-12-16", "part": "morning"},
    ],
    "certainty": "tentative",
}
INSTANT = {
    "precision": "instant",
    "zone": "America/New_York",
    "starts_at": "2099-12-15T19:00:00-05:00",
    "ends_at": "2099-12-15T20:30:00-05:00",
    "certainty": "final",
}


def seminar(external_id: str = "s-1", **more: Any) -> dict[str, Any]:
    """The data of a seminar as it was first announced."""
    return {
        "external_id": named(external_id),
        "format": "seminar",
        "title": TITLE,
        "title_certainty": "tentative",
        "when": DAY_PART,
        "modes": {"onsite": {"capacity": 25}, "online": {"capacity": 500}},
        "languages": ["ja"],
        "regions": ["nyc"],
        "topics": [],
        "speakers": [],
    } | more


def event(
    site: str, data: dict[str, Any], *, kind: str = "seminar.published", at: datetime | None = None, **more: Any
) -> dict[str, Any]:
    """A CloudEvent; `more` overrides its attributes."""
    now = at or SystemClock().now()
    return {
        "specversion": "1.0",
        "id": new_id(now),
        "source": f"/sites/{site}",
        "type": f"org.link-j.{kind}.v1",
        "time": now.isoformat(),
        "subject": data.get("external_id"),
        "sequence": 1,
        "data": data,
    } | more


def published(site: str, external_id: str = "s-1", *, sequence: int = 1, **more: Any) -> dict[str, Any]:
    return event(site, seminar(external_id, **more), sequence=sequence)


def later(event: dict[str, Any], by: timedelta) -> dict[str, Any]:
    return event | {"time": (datetime.fromisoformat(event["time"]) + by).isoformat()}

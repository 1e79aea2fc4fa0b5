"""Exceptional days on the running system: a weekend opened, kept open by a booking, closed, and as usual again."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from shared.kit.clock import SystemClock
from tests.journeys.conftest import Client, key, wish
from tests.support.eventually import eventually

NEW_YORK = ZoneInfo("America/New_York")
REASON = {"ja": "設備点検", "en": "Maintenance"}


@dataclass
class Day:
    """A day of New York, those who may say what it is, and who wants to be there at ten."""

    day: date
    staff: httpx.Client
    member: httpx.Client

    def put(self, hours: Any, by: httpx.Client | None = None) -> httpx.Response:
        said = {"hours": hours, "reason": REASON}
        return (by or self.staff).put(f"/v1/sites/nyc/exceptions/{self.day}", json=said)

    def booked(self) -> str:
        """The booking's id; empty where it is refused."""
        return str(self._asked().get("id", ""))

    def refused(self) -> list[dict[str, Any]]:
        """Every rule that says no; what is booked all the same is given back."""
        answer = self._asked()
        if "id" in answer:
            self.give_back(answer["id"])
        return list(answer.get("violations", ()))

    def give_back(self, booking: str) -> None:
        self.member.post(f"/v1/bookings/{booking}/cancel").raise_for_status()

    def free(self) -> list[str]:
        """From when on, and the site's exceptions, which are the same day."""
        asking = {"from": str(self.day), "to": str(self.day + timedelta(days=1))}
        found = self.member.get("/v1/sites/nyc/availability", params=asking | {"resource": "room-b"}).json()
        return [each["local"]["start"] for each in found["items"][0]["free"]]

    def listed(self) -> list[Any]:
        asking = {"from": str(self.day), "to": str(self.day + timedelta(days=1))}
        found = self.member.get("/v1/sites/nyc/exceptions", params=asking).json()["items"]
        return [(each["date"], each["hours"], each["reason"]) for each in found]

    def _asked(self) -> dict[str, Any]:
        ten = datetime.combine(self.day, time(10), NEW_YORK)
        return dict(self.member.post("/v1/bookings", json=wish("room-b", ten), headers=key()).json())


def test_staff_open_a_weekend_and_close_it_again_with_a_reason(client: Client) -> None:
    today = SystemClock().now().astimezone(NEW_YORK).date()
    day = Day(
        today + timedelta(days=41 - today.weekday()), client("staff@linkj.example"), client("member-a@special.example")
    )
    assert day.refused()
    assert day.put([], day.member).status_code == 403
    opened = day.put([{"opens": "10:00", "closes": "12:00"}])
    assert (opened.status_code, opened.headers["ETag"]) == (200, f'"{opened.json()["version"]}"'), opened.text
    eventually(lambda: day.free() == ["10:00"], what="the hours to be seen")
    booking = eventually(day.booked, what="a booking on the opened day")
    kept = day.put([])
    assert (kept.status_code, kept.json()["code"], kept.json()["count"]) == (409, "booked-then", 1)
    assert "member" not in kept.text
    day.give_back(booking)
    assert day.put([]).status_code == 200
    said = eventually(lambda: [no for no in day.refused() if no["code"] == "closed"], what="the day to be closed")
    assert "Maintenance" in said[0]["message"]["en"]
    assert day.listed() == [(str(day.day), [], REASON)]
    assert day.put(None).json()["items"] == []
    eventually(lambda: {no["code"] for no in day.refused()} - {"closed"}, what="a day like any other again")

"""S6: nobody comes, and the rest goes to who waits: who sleeps in Tokyo keeps their turn, New York gets it at once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import key
from tests.support.eventually import eventually
from tests.support.system import System, system

pytestmark = pytest.mark.timeout(240)
LIST = "/v1/booking-waitlist"


class Day:
    """The running system with three replicas of booking, on a Tuesday of December in New York."""

    def __init__(self, lounge: System, clock: Path) -> None:
        self._lounge = lounge
        self._clock = clock
        self._signed_in: dict[str, httpx.Client] = {}

    def show(self, wall: str) -> None:
        self._clock.write_text(instant(wall).astimezone(UTC).isoformat(), encoding="utf-8")
        self._signed_in.clear()

    def as_(self, email: str) -> httpx.Client:
        """With a token that is good at this hour."""
        if email not in self._signed_in:
            self._signed_in[email] = self._lounge.api(email)
        return self._signed_in[email]

    def newcomer(self, name: str, zone: str) -> str:
        """The address of a person of an organization of their own, who lives in that zone."""
        operator, email = self.as_("operator@linkj.example"), f"{name}@night.example"
        membership = {"starts_on": "2026-04-01", "ends_on": "2027-03-31"}
        body = {"name": {"en": name}, "kind": "special_member_a", "membership": membership}
        organization = operator.post("/v1/organizations", json=body, headers=key())
        assert organization.status_code == 201, organization.text
        person = {"organization": organization.json()["id"], "email": email, "roles": ["member"], "language": "en"}
        person |= {"name": {"family": "Tabi", "given": name}, "time_zone": zone}
        made = operator.post("/v1/members", json=person, headers=key())
        assert made.status_code == 201, made.text
        eventually(
            lambda: self.as_(email).get("/v1/sites/nyc/presence").status_code != 503, what="booking to know them"
        )
        return email

    def join(self, email: str, wanted: dict[str, str]) -> dict[str, Any]:
        answer = self.as_(email).post(LIST, json=wanted, headers=key())
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def becomes(self, email: str, entry: dict[str, Any], status: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.as_(email).get(f"{LIST}/{entry['id']}").json()
            return found if found["status"] == status else None

        return eventually(look, what=f"the entry to be {status}", seconds=30)


def instant(wall: str) -> datetime:
    return datetime.fromisoformat(f"2026-12-15T{wall}-05:00")


def wish(start: str, end: str) -> dict[str, str]:
    return {
        "site": "nyc",
        "resource": "room-a",
        "starts_at": instant(start).isoformat(),
        "ends_at": instant(end).isoformat(),
    }


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    clock = tmp_path_factory.mktemp("clock") / "now"
    clock.write_text("2026-12-15T14:00:00+00:00", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOUNGE_TESTING", "1")
        patch.setenv("LOUNGE_CLOCK", f"virtual:{clock}")
        with system("--scale", "booking=3") as lounge:
            yield Day(lounge, clock)


def test_what_a_no_show_leaves_goes_to_the_first_who_is_awake_and_the_sleeper_keeps_their_turn(day: Day) -> None:
    day.show("10:00")
    absent, tokyo, york = (
        day.newcomer("absent", "America/New_York"),
        day.newcomer("tokyo", "Asia/Tokyo"),
        day.newcomer("york", "America/New_York"),
    )
    booked = day.as_(absent).post("/v1/bookings", json=wish("12:00", "14:00") | {"mode": "confirm"}, headers=key())
    assert booked.status_code == 201, booked.text
    first, second = day.join(tokyo, wish("13:00", "14:00")), day.join(york, wish("13:00", "14:00"))
    assert [(each["status"], each["position"]) for each in (first, second)] == [("waiting", 1), ("waiting", 2)]
    day.show("12:11")  # 02:11 in Tokyo
    offered = day.becomes(york, second, "offered")
    assert offered["offer"]["expires_at"] == "2026-12-15T13:00:00-05:00"
    kept = day.as_(tokyo).get(f"{LIST}/{first['id']}").json()
    assert (kept["status"], kept["position"], kept["skipped"]["reasons"][0]["code"]) == ("waiting", 1, "asleep")
    no_show = day.as_(absent).get(f"/v1/bookings/{booked.json()['id']}").json()
    assert (no_show["status"], no_show["booked_until"]) == ("no_show", "2026-12-15T14:00:00-05:00")
    accepted = day.as_(york).post(f"{LIST}/{second['id']}/accept", headers=key())
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted"), accepted.text
    assert day.as_(york).get(f"/v1/bookings/{offered['offer']['booking']}").json()["status"] == "confirmed"
    late = day.as_(absent).post(f"/v1/bookings/{booked.json()['id']}/check-in")
    assert (late.status_code, late.json()["code"]) == (409, "slot-taken"), late.text
    day.show("13:00")
    day.becomes(tokyo, first, "expired")

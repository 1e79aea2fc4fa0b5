"""Look back: a booking, and what was free, as it stood at an instant."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from shared.kit.clock import SystemClock
from tests.journeys.conftest import Client, FreeHour, key, wish


def now() -> str:
    """An instant with nothing of ours before it that is still on its way, nor anything after it in the same one."""
    return SystemClock().now().isoformat()


@dataclass(frozen=True)
class Life:
    """Of a booking at `path`: what was read of it at which instant, and what was free on its `day` then."""

    path: str
    day: str
    read: list[tuple[str, dict[str, Any]]]
    free: list[tuple[str, dict[str, Any]]]


def free_on(member: httpx.Client, day: str, **more: str) -> dict[str, Any]:
    until = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    found = member.get("/v1/sites/nyc/availability", params={"from": day, "to": until, "kind": "room", **more})
    assert found.status_code == 200, found.text
    view: dict[str, Any] = found.json()
    return view


@pytest.fixture
def life(client: Client, free_hour: FreeHour) -> Life:
    """A booking that is placed, moved, reworded, cancelled."""
    member, start = client("member-a@special.example"), free_hour(hours=3)
    day = start.astimezone(ZoneInfo("America/New_York")).date().isoformat()
    free = [(now(), free_on(member, day))]
    placed = member.post("/v1/bookings", json=wish("room-a", start, purpose="初回"), headers=key())
    assert placed.status_code == 201, placed.text
    path = f"/v1/bookings/{placed.json()['id']}"
    later = {"starts_at": (start + timedelta(hours=2)).isoformat(), "ends_at": (start + timedelta(hours=3)).isoformat()}
    read = [(now(), placed.json())]
    free.append((now(), free_on(member, day)))
    for change in (later, {"purpose": "二回目", "attendees": 3}, {"purpose": ""}):
        changed = member.patch(path, json=change, headers={"If-Match": f'"{read[-1][1]["version"]}"'})
        assert changed.status_code == 200, changed.text
        read.append((now(), changed.json()))
        free.append((now(), free_on(member, day)))
    cancelled = member.post(f"{path}/cancel", json={"reason": "都合により"})
    assert cancelled.status_code == 200, cancelled.text
    read.append((now(), cancelled.json()))
    free.append((now(), free_on(member, day)))
    return Life(path, day, read, free)


def test_as_of_each_instant_a_booking_is_what_was_read_then(client: Client, life: Life) -> None:
    path, read = life.path, life.read
    for reader in ("member-a@special.example", "staff@linkj.example"):
        for at, wanted in read:
            found = client(reader).get(path, params={"as_of": at})
            assert (found.status_code, found.json()) == (200, wanted)
            assert found.headers["ETag"] == f'"{wanted["version"]}"'


def test_what_nobody_can_answer_is_refused(client: Client, life: Life) -> None:
    path, read = life.path, life.read
    member, first = client("member-a@special.example"), datetime.fromisoformat(read[0][0])
    for as_of, status, code in (
        ((first - timedelta(days=1)).isoformat(), 404, "not-found"),
        ((SystemClock().now() + timedelta(hours=1)).isoformat(), 422, "as-of-in-future"),
        (first.replace(tzinfo=None).isoformat(), 422, "timezone-required"),
        ("yesterday", 422, None),
        ("9999-12-31T23:59:59+00:00", 422, None),
        ("0001-01-01T00:00:00+14:00", 422, None),
    ):
        answer = member.get(path, params={"as_of": as_of})
        assert answer.status_code == status, (as_of, answer.text)
        assert code in (None, answer.json()["code"]), answer.text
    other = client("company@yokohama.example").get(path, params={"as_of": read[0][0]})
    assert (other.status_code, other.json()["code"]) == (404, "not-found")


def test_as_of_each_instant_is_free_what_was_free_then(client: Client, life: Life) -> None:
    member = client("member-a@special.example")
    for at, wanted in life.free:
        assert free_on(member, life.day, as_of=at) == wanted
    assert life.free[0][1] == life.free[-1][1] != life.free[1][1] != life.free[2][1]
    week = member.get("/v1/sites/nyc/availability", params={"as_of": life.free[0][0]}).json()
    assert datetime.fromisoformat(week["from"]) == datetime.fromisoformat(life.free[0][0]), "its now is that instant"
    for as_of, status, code in (
        ("2020-01-01T00:00:00+00:00", 404, "not-found"),
        ((SystemClock().now() + timedelta(hours=1)).isoformat(), 422, "as-of-in-future"),
        ("2026-12-01T00:00:00", 422, "timezone-required"),
    ):
        answer = member.get("/v1/sites/nyc/availability", params={"as_of": as_of})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_series_was_there_where_it_was_then(client: Client, free_hour: FreeHour) -> None:
    member, start = client("member-a@special.example"), free_hour("room-b")
    day = start.astimezone(ZoneInfo("America/New_York")).date().isoformat()
    before, empty = now(), free_on(member, day)
    body = wish("room-b", start, recurrence="FREQ=DAILY;COUNT=1")
    placed = member.post("/v1/booking-series", json=body, headers=key())
    assert placed.status_code == 201, placed.text
    path = f"/v1/bookings/{placed.json()['id']}-{placed.json()['occurrences'][0]['index']}"
    stood, taken, one = now(), free_on(member, day), member.get(path).json()
    assert member.get(path, params={"as_of": stood}).json() == one
    gone = member.post(f"/v1/booking-series/{placed.json()['id']}/cancel", json={"scope": "all", "index": 0})
    assert gone.status_code == 200, gone.text
    assert free_on(member, day) == empty != taken
    assert (free_on(member, day, as_of=before), free_on(member, day, as_of=stood)) == (empty, taken)
    answers = [member.get(path, params={"as_of": at}) for at in (before, stood, now())]
    assert [each.json().get("code") for each in answers] == ["not-found", "not-recorded", None]

"""Who waits is asked when time falls free: in turn, awake, and soon enough to answer; on the running system."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from shared.kit.clock import SystemClock
from tests.journeys.conftest import Client, Newcomer, key
from tests.support.eventually import eventually
from tests.support.site import Site
from tests.support.system import System

HOUR = timedelta(hours=1)
LIST = "/v1/booking-waitlist"
ZONES = ("Asia/Tokyo", "America/Phoenix", "UTC", "Asia/Dubai", "Pacific/Honolulu", "Asia/Kolkata", "America/Lima")
"""Without summer time: at every instant it is the middle of the day in one of them and of the night in another."""
_rooms = count(1)


def where_it_is(first: int, last: int) -> str:
    """A zone whose clocks now show an hour from `first` on and before `last`."""
    now = SystemClock().now()
    return next(zone for zone in ZONES if first <= now.astimezone(ZoneInfo(zone)).hour < last)


@pytest.fixture(scope="module")
def lab(lounge: System) -> str:
    """A site that never closes."""
    return Site.added(lounge, "waiting-lab", "--name-en", "Lab").id


@pytest.fixture
def hour(lab: str, client: Client) -> dict[str, Any]:
    """An hour that begins in an hour, in a room of its own that is always open."""
    room = f"room-{next(_rooms)}"
    body = {"kind": "room", "name": {"en": room}, "rules": {"offer_minutes": 60}}
    put = client("operator@linkj.example").put(f"/v1/sites/{lab}/resources/{room}", json=body, headers=key())
    assert put.status_code == 200, put.text
    start = SystemClock().now().replace(minute=0, second=0, microsecond=0) + 2 * HOUR
    return {
        "site": lab,
        "resource": room,
        "starts_at": start.isoformat(),
        "ends_at": (start + HOUR).isoformat(),
    }


@pytest.fixture
def person(client: Client, newcomer: Newcomer) -> Callable[[str], tuple[httpx.Client, str]]:
    """Somebody new who lives in that zone: (client, address)."""

    def make(zone: str) -> tuple[httpx.Client, str]:
        api, member = newcomer("linkj_staff")
        operator = client("operator@linkj.example")
        path, headers = f"/v1/members/{member['id']}", {"If-Match": f'"{member["version"]}"'}
        moved = operator.patch(path, json={"time_zone": zone}, headers=headers)
        assert moved.status_code == 200, moved.text
        return api, member["email"]

    return make


def joined(api: httpx.Client, wanted: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(LIST, json=wanted, headers=key())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def becomes(api: httpx.Client, entry: dict[str, Any], status: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = api.get(f"{LIST}/{entry['id']}").json()
        return found if found["status"] == status else None

    return eventually(look, what=f"the entry to be {status}", seconds=30)


def test_who_sleeps_keeps_their_turn_and_who_is_awake_gets_it_at_once(
    lounge: System, hour: dict[str, Any], person: Callable[[str], tuple[httpx.Client, str]]
) -> None:
    # It is before five there: nobody wakes before an hour that begins within the next two.
    (sleeper, _), (waker, address) = person(where_it_is(0, 5)), person(where_it_is(9, 19))
    taken = sleeper.post("/v1/bookings", json=hour, headers=key())
    assert taken.status_code == 201, taken.text
    first, second = joined(sleeper, hour), joined(waker, hour)
    assert [(each["status"], each["position"]) for each in (first, second)] == [("waiting", 1), ("waiting", 2)]
    assert sleeper.post(f"/v1/bookings/{taken.json()['id']}/cancel", headers=key()).status_code == 200
    offered = becomes(waker, second, "offered")
    kept = eventually(
        lambda: _skipped(sleeper, first), what="the sleeper to be told why they were passed over", seconds=30
    )
    assert (kept["status"], kept["position"]) == ("waiting", 1)
    assert [reason["code"] for reason in kept["skipped"]["reasons"]] == ["asleep"]
    eventually(
        lambda: any("It is free for you" in mail["subject"] for mail in _mails(lounge, address)),
        what="the offer's mail",
    )
    assert sleeper.post(f"{LIST}/{second['id']}/accept", headers=key()).status_code == 404
    accepted = waker.post(f"{LIST}/{second['id']}/accept", headers=key() | {"If-Match": f'"{offered["version"]}"'})
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted"), accepted.text
    booking = waker.get(f"/v1/bookings/{offered['offer']['booking']}").json()
    assert (booking["status"], booking["waitlist"], booking["starts_at"]) == (
        "confirmed",
        second["id"],
        second["starts_at"],
    )
    assert datetime.fromisoformat(offered["offer"]["expires_at"]) <= datetime.fromisoformat(second["starts_at"])


def test_declined_it_goes_to_the_next_and_cancelled_stays_cancelled(
    hour: dict[str, Any], person: Callable[[str], tuple[httpx.Client, str]]
) -> None:
    people = [person(where_it_is(9, 19))[0] for _ in range(3)]
    wish = {name: value for name, value in hour.items() if name != "resource"}
    entries = [
        joined(people[0], hour),
        joined(people[1], wish | {"kind": "room", "attendees": 1}),
        joined(people[2], hour),
    ]
    assert entries[0]["status"] == "offered"
    missing = people[0].post(LIST, json=wish, headers=key())
    assert (missing.status_code, people[0].post(LIST, json=hour).status_code) == (422, 400), missing.text
    left = people[2].delete(f"{LIST}/{entries[2]['id']}")
    assert (left.status_code, left.json()["status"]) == (200, "cancelled")
    declined = people[0].post(f"{LIST}/{entries[0]['id']}/decline", headers=key())
    assert (declined.status_code, declined.json()["status"]) == (200, "declined"), declined.text
    gone = people[0].post(f"{LIST}/{entries[0]['id']}/accept", headers=key())
    assert (gone.status_code, gone.json()["code"]) == (410, "offer-over")
    becomes(people[1], entries[1], "offered")
    assert people[2].get(f"{LIST}/{entries[2]['id']}").json()["status"] == "cancelled"


def _skipped(api: httpx.Client, entry: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = api.get(f"{LIST}/{entry['id']}").json()
    return found if found["skipped"] else None


def _mails(lounge: System, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lounge.lounge("mail", "--to", address, "--json"))
    return found

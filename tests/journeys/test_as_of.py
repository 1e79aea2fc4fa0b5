"""Look back: a booking as it stood at an instant."""

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import pytest

from shared.kit.clock import SystemClock
from tests.journeys.conftest import key, wish

Client = Callable[[str], httpx.Client]
FreeHour = Callable[..., datetime]


def now() -> str:
    """An instant with nothing of ours before it that is still on its way, nor anything after it in the same one."""
    return SystemClock().now().isoformat()


@pytest.fixture
def life(client: Client, free_hour: FreeHour) -> tuple[str, list[tuple[str, dict[str, object]]]]:
    """A booking that is placed, moved, reworded, cancelled: its id, and what was read at which instant."""
    member, start = client("member-a@special.example"), free_hour()
    placed = member.post("/v1/bookings", json=wish("room-a", start, purpose="初回"), headers=key())
    assert placed.status_code == 201, placed.text
    path = f"/v1/bookings/{placed.json()['id']}"
    later = {"starts_at": (start + timedelta(hours=2)).isoformat(), "ends_at": (start + timedelta(hours=3)).isoformat()}
    read = [(now(), placed.json())]
    for change in (later, {"purpose": "二回目", "attendees": 3}, {"purpose": ""}):
        changed = member.patch(path, json=change, headers={"If-Match": f'"{read[-1][1]["version"]}"'})
        assert changed.status_code == 200, changed.text
        read.append((now(), changed.json()))
    cancelled = member.post(f"{path}/cancel", json={"reason": "都合により"})
    assert cancelled.status_code == 200, cancelled.text
    return path, [*read, (now(), cancelled.json())]


def test_as_of_each_instant_a_booking_is_what_was_read_then(
    client: Client, life: tuple[str, list[tuple[str, dict[str, object]]]]
) -> None:
    path, read = life
    for reader in ("member-a@special.example", "staff@linkj.example"):
        for at, wanted in read:
            found = client(reader).get(path, params={"as_of": at})
            assert (found.status_code, found.json()) == (200, wanted)
            assert found.headers["ETag"] == f'"{wanted["version"]}"'


def test_what_nobody_can_answer_is_refused(
    client: Client, life: tuple[str, list[tuple[str, dict[str, object]]]]
) -> None:
    path, read = life
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

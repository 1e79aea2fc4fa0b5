"""Rights: staff see who gains and loses, then change the table; what was taken away is gone, with members down too."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx

from shared.kit.clock import SystemClock
from tests.journeys.conftest import Client, FreeHour, Newcomer, key, wish
from tests.support.eventually import eventually
from tests.support.system import System

FOR_GUESTS = {
    "kind": "guest",
    "site": "nyc",
    "resource": "room",
    "months_ahead": 3,
    "needs_approval": True,
    "limits": [{"period": "day", "scope": "person", "hours": 1}],
}
WHY = "体験利用の試行 / a trial for guests"


@contextmanager
def rooms_for_guests(staff: httpx.Client) -> Iterator[dict[str, Any]]:
    """The table that lets them, while the context lasts."""
    rows = staff.get("/v1/policy").json()["rows"]
    try:
        yield _put(staff, [*rows, FOR_GUESTS], WHY)
    finally:
        _put(staff, rows, "試行の終了 / the trial is over")


def _put(staff: httpx.Client, rows: list[dict[str, Any]], reason: str) -> dict[str, Any]:
    seen = staff.get("/v1/policy").headers["ETag"]
    answer = staff.put("/v1/policy", json={"rows": rows, "reason": reason}, headers={"If-Match": seen})
    assert answer.status_code == 200, answer.text
    table: dict[str, Any] = answer.json()
    return table


def test_staff_try_a_table_out_and_see_who_gains_and_loses(client: Client, newcomer: Newcomer) -> None:
    staff, (_, person) = client("staff@linkj.example"), newcomer("guest")
    asked = staff.get("/v1/policy")
    assert asked.status_code == 200, asked.text
    before = asked.json()
    wanted = {"rows": [*before["rows"], FOR_GUESTS], "reason": WHY}
    tried = staff.put("/v1/policy", params={"dry_run": "true"}, json=wanted)
    assert tried.status_code == 200, tried.text
    effect = tried.json()["effect"]
    (change,) = effect["changes"]
    assert (change["kind"], change["site"], change["resource"], change["effect"]) == ("guest", "nyc", "room", "gains")
    assert change["reasons"][0]["message"]["ja"]
    assert person["organization"] in [each["id"] for each in effect["affected"]]
    assert staff.get("/v1/policy").json() == before
    assert staff.put("/v1/policy", json=wanted).status_code == 428


def test_every_replica_of_booking_goes_by_a_changed_table(
    client: Client, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    staff, (guest, person) = client("staff@linkj.example"), newcomer("guest")
    start = free_hour("room-b", hours=3)
    body, longer = wish("room-b", start, minutes=30), wish("room-b", start + timedelta(hours=1), minutes=90)
    entitled = f"/v1/members/{person['id']}/entitlements?site=nyc&on={start.date()}"
    assert _broken(guest.post("/v1/bookings", json=body, headers=key())) == ["kind-not-allowed"]
    with rooms_for_guests(staff) as table:
        # Three replicas share what is asked; of twenty answers in a row each has its part.
        follow = "booking to follow the table"
        eventually(lambda: all(_rooms(guest, entitled)["allowed"] for _ in range(20)), what=follow)
        codes = [reason["code"] for reason in _rooms(guest, entitled)["reasons"]]
        assert codes == ["allowed-by-rights", "months-ahead", "own-hours-per-day", "needs-approval"]
        placed = guest.post("/v1/bookings", json=body, headers=key())
        assert placed.status_code == 201, placed.text
        assert (placed.json()["status"], placed.json()["policy"]) == ("pending", str(table["version"]))
        assert _broken(guest.post("/v1/bookings", json=longer, headers=key())) == ["quota-exceeded"]
    eventually(lambda: not any(_rooms(guest, entitled)["allowed"] for _ in range(20)), what=f"{follow} back")


def _broken(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 409, answer.text
    return [no["code"] for no in answer.json()["violations"]]


def _rooms(asker: httpx.Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in asker.get(path).json()["resources"] if each["kind"] == "room")
    return found


def test_what_was_taken_away_is_gone_also_while_members_is_down(
    lounge: System, client: Client, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    operator = client("operator@linkj.example")
    (leaver, one), (lapsed, two), (suspended, three), (fine, _) = (newcomer("special_member_a") for _ in range(4))
    leaving, ended = f"/v1/members/{one['id']}", f"/v1/organizations/{two['organization']}"
    today = SystemClock().now().date()
    past = {"starts_on": str(today - timedelta(days=30)), "ends_on": str(today - timedelta(days=2))}
    changes: dict[str, dict[str, Any]] = {leaving: {"active": False}, ended: {"membership": past}}
    for path, change in changes.items():
        seen = {"If-Match": operator.get(path).headers["ETag"]}
        assert operator.patch(path, json=change, headers=seen).status_code == 200
    suspend = f"/v1/organizations/{three['organization']}/suspend"
    assert operator.post(suspend, json={"reason": "会費未納 / dues unpaid"}).status_code == 200
    body = wish("room-a", free_hour("room-a", weeks=2), minutes=30)

    def refusals() -> list[str]:
        """The token of each was signed before and has not expired."""
        askers = (leaver, lapsed, suspended)
        return [_refused(asker.post("/v1/bookings", json=body, headers=key())) for asker in askers]

    expected = ["member-not-active", "membership-ends-before-use", "membership-not-active"]
    eventually(lambda: refusals() == expected, what="booking to hear of it")
    with lounge.frozen("members-1"):
        for _ in range(6):
            assert refusals() == expected
        placed = fine.post("/v1/bookings", json=body, headers=key())
        assert placed.status_code == 201, placed.text


def _refused(answer: httpx.Response) -> str:
    assert answer.status_code in (403, 409), answer.text
    problem = answer.json()
    return str(problem["violations"][0]["code"] if problem["code"] == "booking-refused" else problem["code"])

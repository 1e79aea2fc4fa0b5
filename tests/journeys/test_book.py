"""Book: see what is free, take it, be refused with reasons, give it back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.journeys.conftest import Client, FreeHour, Newcomer, key, wish
from tests.support.system import System


def test_the_lounge_in_new_york_is_there_with_its_rooms(client: Client) -> None:
    member = client("member-a@special.example")
    sites = {site["id"]: site for site in member.get("/v1/sites").json()["items"]}
    assert sites["nyc"]["time_zone"] == "America/New_York"
    resources = member.get("/v1/sites/nyc/resources").json()["items"]
    assert [r["id"] for r in resources] == ["room-a", "room-b", "room-ab", "desk-1", "desk-2"]
    assert [r["capacity"] for r in resources] == [8, 4, 12, 1, 1]
    assert [r["parts"] for r in resources] == [[], [], ["room-a", "room-b"], [], []]
    rooms = member.get("/v1/sites/nyc/resources", params={"kind": "room"}).json()["items"]
    assert {r["kind"] for r in rooms} == {"room"}


def test_a_booking_is_placed_read_listed_cancelled_and_remembered(newcomer: Newcomer, free_hour: FreeHour) -> None:
    (member, _), start = newcomer(), free_hour()  # who has nothing else, so that her list is this booking
    placed = member.post("/v1/bookings", json=wish("room-a", start, purpose="初回の打合せ"), headers=key())
    assert placed.status_code == 201, placed.text
    booking = placed.json()
    assert (booking["status"], booking["local"]["time_zone"]) == ("confirmed", "America/New_York")
    assert datetime.fromisoformat(booking["starts_at"]) == start
    assert not booking["starts_at"].endswith("Z")
    assert placed.headers["ETag"] == f'"{booking["version"]}"'
    assert member.get(f"/v1/bookings/{booking['id']}").json()["purpose"] == "初回の打合せ"
    window = {"site": "nyc", "from": start.isoformat(), "to": (start + timedelta(hours=1)).isoformat()}
    assert [b["id"] for b in member.get("/v1/bookings", params=window).json()["items"]] == [booking["id"]]
    cancelled = member.post(f"/v1/bookings/{booking['id']}/cancel")
    again = member.post(f"/v1/bookings/{booking['id']}/cancel")
    assert (cancelled.json()["status"], again.json()) == ("cancelled", cancelled.json())
    history = member.get(f"/v1/bookings/{booking['id']}/history").json()["items"]
    assert [entry["seq"] for entry in history] == [1, 2]


def test_somebody_else_s_booking_looks_as_if_it_were_not_there(client: Client, free_hour: FreeHour) -> None:
    start = free_hour("room-b")
    placed = client("member-a@special.example").post("/v1/bookings", json=wish("room-b", start), headers=key())
    other = client("company@yokohama.example")
    booking = placed.json()["id"]
    assert other.get(f"/v1/bookings/{booking}").status_code == 404
    assert other.post(f"/v1/bookings/{booking}/cancel").status_code == 404
    assert client("staff@linkj.example").get(f"/v1/bookings/{booking}").status_code == 200


def test_the_same_key_answers_the_same_booking_and_another_body_is_refused(client: Client, free_hour: FreeHour) -> None:
    member, start, again = client("member-a@special.example"), free_hour(), key()
    first, second = (member.post("/v1/bookings", json=wish("room-a", start), headers=again) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replay"] == "true"
    other = member.post("/v1/bookings", json=wish("room-a", start, minutes=30), headers=again)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    without = member.post("/v1/bookings", json=wish("room-a", start))
    assert (without.status_code, without.json()["code"]) == (400, "idempotency-key-required")


def test_of_two_hundred_at_once_over_three_replicas_one_gets_the_room(
    lounge: System, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    replicas = [p["name"] for p in lounge.run["processes"] if p["name"].startswith("booking-")]
    assert replicas == ["booking-1", "booking-2", "booking-3"]
    people = [newcomer()[0] for _ in range(4)]
    start = free_hour("room-a", weeks=3)

    def attempt(n: int) -> httpx.Response:
        return people[n % 4].post("/v1/bookings", json=wish("room-a", start, minutes=15), headers=key())

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(attempt, range(200)))
    won = [a for a in answers if a.status_code == 201]
    lost = [a.json() for a in answers if a.status_code == 409]
    assert (len(won), len(lost)) == (1, 199)
    assert {problem["code"] for problem in lost} == {"slot-taken"}
    assert all(datetime.fromisoformat(p["conflicts"][0]["starts_at"]) == start for p in lost)
    assert all(set(p["conflicts"][0]) == {"resource", "starts_at", "ends_at"} for p in lost)
    assert all(p["alternatives"] for p in lost)


def test_of_two_hundred_that_overlap_none_is_doubled_no_pool_overdrawn_and_each_refusal_says_why(
    client: Client, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    """Two organizations of five hours a week want more than these, and more than the rooms have, on one day."""
    begin, people = free_hour("room-a", hours=12, weeks=11), [newcomer("special_member_c") for _ in range(2)]
    wishes = list(_at_random(begin, 200))
    with ThreadPoolExecutor(32) as pool:
        asked = [
            pool.submit(people[n % 2][0].post, "/v1/bookings", json=each, headers=key())
            for n, each in enumerate(wishes)
        ]
        answers = [each.result() for each in asked]
    assert {each.status_code for each in answers} == {201, 409}
    _are_explained([each.json() for each in answers if each.status_code == 409])
    day = {"site": "nyc", "from": begin.isoformat(), "to": (begin + timedelta(hours=13)).isoformat(), "limit": "100"}
    found = client("staff@linkj.example").get("/v1/bookings", params=day).json()["items"]
    live = [each for each in found if each["status"] == "confirmed" and each["resource"].startswith("room-")]
    assert {each.json()["id"] for each in answers if each.status_code == 201} <= {each["id"] for each in live}
    held = [granule for each in live for granule in _granules(each)]
    assert len(held) == len(set(held))
    for _, member in people:
        own = [_time_of(each) for each in live if each["organization"] == member["organization"]]
        assert sum((end - start for start, end in own), timedelta()) <= timedelta(hours=5)


def _at_random(begin: datetime, count: int) -> Iterator[dict[str, Any]]:
    """Of half a day, in two rooms or both together."""
    chance = Random(2)
    for _ in range(count):
        start, minutes = begin + timedelta(minutes=15 * chance.randrange(44)), chance.choice([30, 60, 90])
        yield wish(chance.choice(["room-a", "room-b", "room-ab"]), start, minutes=minutes)


def _are_explained(refused: list[dict[str, Any]]) -> None:
    assert {no["code"] for no in refused} == {"booking-refused", "slot-taken"}
    for no in refused:
        assert no["violations"] if no["code"] == "booking-refused" else no["conflicts"] and no["alternatives"], no
    pools = [each for no in refused for each in no.get("violations", ()) if each["code"] == "quota-exceeded"]
    assert pools
    assert all(0 <= each["used"] <= each["limit"] == 5 for each in pools)


def _time_of(booking: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(booking["starts_at"]), datetime.fromisoformat(booking["ends_at"])


def _granules(booking: dict[str, Any]) -> Iterator[tuple[str, datetime]]:
    """Of the real rooms it is in, the quarter for cleaning up included."""
    (start, end), letters = _time_of(booking), booking["resource"].removeprefix("room-")
    for quarter in range((end - start) // timedelta(minutes=15) + 1):
        yield from ((letter, start + quarter * timedelta(minutes=15)) for letter in letters)


def test_an_alternative_that_was_offered_is_accepted(client: Client, free_hour: FreeHour) -> None:
    start = free_hour("room-b", weeks=2)
    assert client("staff@linkj.example").post("/v1/bookings", json=wish("room-b", start), headers=key()).is_success
    member = client("company@yokohama.example")
    refused = member.post("/v1/bookings", json=wish("room-b", start), headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "slot-taken")
    offered = refused.json()["alternatives"][0]
    body = wish(offered["resource"], datetime.fromisoformat(offered["starts_at"]))
    accepted = member.post("/v1/bookings", json=body, headers=key())
    assert accepted.status_code == 201, accepted.text


def test_the_clean_up_gap_keeps_the_next_quarter_of_an_hour_free(client: Client, free_hour: FreeHour) -> None:
    start = free_hour("room-a", hours=3, weeks=2)
    member = client("company@yokohama.example")
    assert member.post("/v1/bookings", json=wish("room-a", start), headers=key()).status_code == 201
    gap, after = (wish("room-a", start + timedelta(minutes=m), minutes=30) for m in (60, 75))
    assert member.post("/v1/bookings", json=gap, headers=key()).status_code == 409
    assert member.post("/v1/bookings", json=after, headers=key()).status_code == 201


def test_a_refusal_names_every_broken_rule_in_both_languages(newcomer: Newcomer, free_hour: FreeHour) -> None:
    member, _ = newcomer("special_member_c")
    night = free_hour("room-a").replace(hour=23)
    answer = member.post("/v1/bookings", json=wish("room-a", night, minutes=480, attendees=20), headers=key())
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "booking-refused")
    rules = {violation["code"] for violation in problem["violations"]}
    assert len(rules) >= 3, rules
    assert all(v["message"]["ja"] and v["message"]["en"] for v in problem["violations"])


def test_the_quota_of_the_week_is_the_organization_s(newcomer: Newcomer, free_hour: FreeHour) -> None:
    member, _ = newcomer("special_member_c")
    start = free_hour("room-b", hours=8, weeks=4)
    first = member.post("/v1/bookings", json=wish("room-b", start, minutes=240), headers=key())
    assert first.status_code == 201, first.text
    over = member.post("/v1/bookings", json=wish("room-b", start + timedelta(hours=5), minutes=120), headers=key())
    assert over.status_code == 409
    quota = next(v for v in over.json()["violations"] if "quota" in v["code"])
    assert (quota["limit"], quota["used"], quota["requested"]) == (5, 4, 2)
    assert quota["resets_at"]
    assert member.post(f"/v1/bookings/{first.json()['id']}/cancel").status_code == 200
    retried = member.post("/v1/bookings", json=wish("room-b", start + timedelta(hours=5), minutes=120), headers=key())
    assert retried.status_code == 201, retried.text


def test_a_membership_ends_when_its_last_day_ends_at_home_in_tokyo(newcomer: Newcomer, free_hour: FreeHour) -> None:
    day = free_hour("room-b", weeks=1).date()
    edge = datetime.combine(day + timedelta(days=1), time(), ZoneInfo("Asia/Tokyo"))
    member, _ = newcomer("special_member_a", ends_on=str(day))
    late = member.post("/v1/bookings", json=wish("room-b", edge - timedelta(minutes=30)), headers=key())
    assert {v["code"] for v in late.json()["violations"]} == {"membership-ends-before-use"}
    last = member.post("/v1/bookings", json=wish("room-b", edge - timedelta(hours=1)), headers=key())
    assert last.status_code == 201, last.text

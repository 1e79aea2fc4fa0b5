"""Belong: join, be renewed, act for one of two organizations, let others book, leave; nothing of it silently."""

from datetime import datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.journeys.conftest import Client, FreeHour, Newcomer, key, wish
from tests.journeys.test_told import mails
from tests.support.eventually import eventually
from tests.support.system import System

STAFF = "staff@linkj.example"
_numbers = count(1)


def enrolled(client: Client, organization: str, *further: str, role: str = "member") -> tuple[httpx.Client, Any]:
    """One more person of an organization, known to booking."""
    person: dict[str, Any] = {
        "organization": organization,
        "organizations": list(further),
        "email": f"member-{next(_numbers)}@journey.example",
        "name": {"family": "Mori", "given": "Yu"},
        "language": "en",
        "roles": [role],
    }
    made = client("operator@linkj.example").post("/v1/members", json=person, headers=key())
    assert made.status_code == 201, made.text
    signed_in = client(person["email"])
    eventually(lambda: can_book(signed_in), what="booking to know the person")
    return signed_in, made.json()


def can_book(person: httpx.Client) -> bool:
    past = wish("room-a", datetime(2021, 1, 4, 15, tzinfo=ZoneInfo("UTC")), minutes=15)
    return person.post("/v1/bookings", json=past, headers=key()).status_code != 503


def booked(person: httpx.Client, start: datetime, resource: str = "room-b", **more: Any) -> httpx.Response:
    return person.post("/v1/bookings", json=wish(resource, start, minutes=30, **more), headers=key())


def shown(person: httpx.Client, booking: str) -> Any:
    return person.get(f"/v1/bookings/{booking}").json()


def test_an_organization_joins_step_by_step_and_is_renewed_over_its_last_midnight_in_tokyo(
    client: Client, free_hour: FreeHour
) -> None:
    staff, last_day = client(STAFF), free_hour("room-b", hours=3, weeks=2).date()
    wanted = {"name": {"en": "Joining"}, "kind": "special_member_a"}
    path = f"/v1/organizations/{staff.post('/v1/organizations', json=wanted, headers=key()).json()['id']}"
    early = staff.post(f"{path}/activate")
    assert (early.status_code, early.json()["code"]) == (409, "not-activatable")
    for step in ("orient", "invoice"):
        staff.post(f"{path}/{step}").raise_for_status()
    period = {"starts_on": str(last_day - timedelta(days=60)), "ends_on": str(last_day)}
    active = staff.post(f"{path}/activate", json={"membership": period}).json()
    assert [step["status"] for step in active["steps"]] == ["applied", "oriented", "invoiced", "active"]
    assert active["renewal_pending"]
    member, _ = enrolled(client, active["id"])
    midnight = datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo("Asia/Tokyo"))
    before, over = midnight - timedelta(minutes=60), midnight - timedelta(minutes=15)
    assert booked(member, before).status_code == 201
    refused = booked(member, over)
    assert [no["code"] for no in refused.json()["violations"]] == ["membership-ends-before-use"]
    assert member.post(f"{path}/renew").status_code == 403
    following = {"starts_on": str(last_day + timedelta(days=1)), "ends_on": str(last_day + timedelta(days=365))}
    renewed = staff.post(f"{path}/renew", json={"membership": following}).json()
    assert (renewed["periods"], renewed["renewal_pending"]) == ([period, following], False)
    eventually(lambda: booked(member, over).status_code == 201, what="booking to hear of the renewal")


def test_a_person_of_two_organizations_acts_for_one_at_a_time(
    client: Client, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    (_, one), (_, two), (_, other) = newcomer("special_member_c"), newcomer("special_member_b"), newcomer()
    home, second, foreign = (each["organization"] for each in (one, two, other))
    person, me = enrolled(client, home, second)
    acting = {"Acting-Organization": second}
    assert person.get("/v1/me").json()["organization"]["id"] == home
    assert person.get("/v1/me", headers=acting).json()["organization"]["id"] == second
    assert person.get("/v1/me", headers={"Acting-Organization": foreign}).status_code == 403
    start = free_hour("room-b", hours=6, weeks=3)
    five_hours, after = wish("room-b", start, minutes=300), start + timedelta(minutes=315)
    first = person.post("/v1/bookings", json=five_hours, headers=key())
    assert (first.status_code, first.json()["organization"]) == (201, home)
    beyond = booked(person, after)
    assert {no["code"] for no in beyond.json()["violations"]} == {"quota-exceeded"}, "the pool of five hours is drawn"
    other_pool = person.post("/v1/bookings", json=wish("room-b", after, minutes=30), headers=key() | acting)
    assert (other_pool.status_code, other_pool.json()["organization"]) == (201, second)
    asked = {"site": "nyc", "on": str(start.date())}
    for headers, hours in (({}, "5"), (acting, "20")):
        told = person.get(f"/v1/members/{me['id']}/entitlements", params=asked, headers=headers).json()
        rooms = next(each for each in told["resources"] if each["kind"] == "room")
        assert any(hours in reason["message"]["en"] for reason in rooms["reasons"]), rooms


def test_an_assistant_books_for_whom_named_them_and_a_colleague_does_not(
    client: Client, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    boss, me = newcomer()
    aide, helper = enrolled(client, me["organization"])
    colleague, _ = enrolled(client, me["organization"])
    admin, _ = enrolled(client, me["organization"], role="organization_admin")
    path = f"/v1/organizations/{me['organization']}"
    settled = admin.patch(path, json={"booking_for_others": "assistants"}, headers={"If-Match": "*"})
    assert settled.status_code == 200, settled.text
    named = boss.patch(f"/v1/members/{me['id']}", json={"assistants": [helper["id"]]}, headers={"If-Match": "*"})
    assert named.status_code == 200, named.text
    start = free_hour("room-b", hours=2, weeks=3)
    made = eventually(lambda: won(booked(aide, start, for_member=me["id"])), what="booking to hear of the assistant")
    assert (made["booked_by"], made["booked_for"]) == (helper["id"], me["id"])
    later = start + timedelta(minutes=45)
    own = eventually(lambda: won(booked(boss, later)), what="the boss's own booking")
    assert shown(aide, own["id"])["booked_for"] == me["id"]
    assert colleague.get(f"/v1/bookings/{own['id']}").status_code == 404
    refused = booked(colleague, start + timedelta(minutes=90), for_member=me["id"])
    assert refused.status_code == 404
    assert aide.post(f"/v1/bookings/{own['id']}/cancel").json()["status"] == "cancelled"


def won(answer: httpx.Response) -> Any:
    return answer.json() if answer.status_code == 201 else None


def test_who_leaves_hands_over_and_what_leaves_with_the_organization_is_cancelled_and_all_hear_of_it(
    lounge: System, client: Client, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    leaver, me = newcomer()
    admin, boss = enrolled(client, me["organization"], role="organization_admin")
    start = free_hour("room-a", hours=2, weeks=4)
    booking = won(booked(leaver, start, "room-a"))["id"]
    staff, path = client(STAFF), f"/v1/organizations/{me['organization']}"
    gone = staff.patch(f"/v1/members/{me['id']}", json={"active": False}, headers={"If-Match": "*"})
    assert gone.status_code == 200, gone.text
    eventually(lambda: shown(admin, booking).get("booked_for") == boss["id"], what="the booking to pass to the admin")
    assert shown(admin, booking)["status"] == "confirmed"
    eventually(lambda: heard(lounge, boss, "has passed to you"), what="the admin to hear of it")
    eventually(lambda: heard(lounge, me, "Handed over"), what="who left to hear of it")
    assert staff.post(f"{path}/leave", json={"reason": "退会届"}).json()["status"] == "left"
    eventually(lambda: shown(admin, booking)["status"] == "cancelled", what="the booking to end with the organization")
    eventually(lambda: heard(lounge, boss, "Cancelled"), what="the cancellation to be told")
    eventually(lambda: heard(lounge, boss, "has left"), what="the admin to hear of the organization")
    history = [each["type"].split(".")[1] for each in admin.get(f"/v1/bookings/{booking}/history").json()["items"]]
    assert history == ["booking_placed", "booking_handed_over", "booking_cancelled"]


def heard(lounge: System, person: Any, subject: str) -> bool:
    return any(subject in mail["subject"] for mail in mails(lounge, person["email"]))

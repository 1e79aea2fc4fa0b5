"""Be told: one e-mail and one notice a person, in their language, also when the event is delivered again and again."""

import json
from datetime import timedelta
from typing import Any

import httpx

from shared.kit.clock import SystemClock
from tests.journeys.conftest import Client, FreeHour, Newcomer, key, wish
from tests.journeys.test_seminar import found, titled
from tests.support.eventually import eventually
from tests.support.site import Site, cloud_event
from tests.support.system import System


def mails(lounge: System, email: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lounge.lounge("mail", "--to", email, "--json"))
    return found


def notices(person: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = person.get("/v1/notifications").json()["items"]
    return items


def counts(lounge: System, person: httpx.Client, email: str, wanted: int) -> bool:
    return len(mails(lounge, email)) >= wanted and len(notices(person)) >= wanted


def test_placing_and_cancelling_is_told_once_each_even_when_sent_again(
    lounge: System, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    person, member = newcomer("special_member_a", language="ja")
    began, start = SystemClock().now(), free_hour("room-a", weeks=2)
    placed = person.post("/v1/bookings", json=wish("room-a", start), headers=key()).json()
    eventually(lambda: counts(lounge, person, member["email"], 1), what="the first mail and notice")
    person.post(f"/v1/bookings/{placed['id']}/cancel").raise_for_status()
    eventually(lambda: counts(lounge, person, member["email"], 2), what="the second mail and notice")
    for _ in range(4):
        lounge.lounge("republish", "--since", (began - timedelta(seconds=1)).isoformat())
    eventually(lambda: idle(lounge), what="every durable to have handled everything")
    subjects = [mail["subject"] for mail in mails(lounge, member["email"])]
    assert (len(subjects), len(notices(person))) == (2, 2)
    assert all(any("\u3040" <= c <= "\u9fff" for c in subject) for subject in subjects)
    assert not any("\n" in subject for subject in subjects)


def idle(lounge: System) -> bool:
    """Whether no durable has anything left to handle."""
    status = json.loads(lounge.lounge("status", "--json"))
    return bool(status["lag"]) and not any(status["lag"].values())


def test_registered_promoted_changed_and_cancelled_reach_those_concerned(
    lounge: System, client: Client, newcomer: Newcomer
) -> None:
    site = Site.added(lounge, "kobe-journey", "--zone", "Asia/Tokyo", "--name-en", "Kobe")
    site.publish(cloud_event(site.id, titled("t-1", "One seat", modes={"onsite": {"capacity": 1}})))
    (first, one), (second, two) = newcomer(language="en"), newcomer(language="ja")
    there = found(first, site.id, "One seat")
    path = f"/v1/seminars/{there['id']}/registrations"
    for person in (first, second):
        person.post(path, json={"mode": "onsite"}, headers=key()).raise_for_status()
    eventually(lambda: counts(lounge, first, one["email"], 1), what="registered is told")
    eventually(lambda: counts(lounge, second, two["email"], 1), what="waiting is told")
    first.delete(f"{path}/mine").raise_for_status()
    eventually(lambda: counts(lounge, second, two["email"], 2), what="promoted is told")
    new = titled("t-1", "One seat, renamed", modes={"onsite": {"capacity": 1}})
    site.publish(cloud_event(site.id, new, sequence=2))
    eventually(lambda: counts(lounge, second, two["email"], 3), what="changed is told")
    gone = {"external_id": "t-1", "reason": "講師の都合により"}
    site.publish(cloud_event(site.id, gone, kind="seminar.cancelled", sequence=3))
    eventually(lambda: counts(lounge, second, two["email"], 4), what="cancelled is told")
    eventually(lambda: idle(lounge), what="every durable to have handled everything")
    assert len(mails(lounge, two["email"])) == 4
    changed = [m for m in mails(lounge, one["email"]) if "renamed" in m["text"] or "renamed" in m["subject"]]
    assert not changed, "who gave up their seat is not told of changes"


def test_the_inbox_stream_brings_a_notice_as_it_is_made(newcomer: Newcomer, free_hour: FreeHour) -> None:
    person, _ = newcomer("special_member_b")
    start = free_hour("room-b", weeks=2)
    accept = {"Accept": "text/event-stream"}
    with person.stream("GET", "/v1/notifications/stream", headers=accept, timeout=15) as stream:
        assert stream.status_code == 200
        person.post("/v1/bookings", json=wish("room-b", start), headers=key()).raise_for_status()
        data = next(line for line in stream.iter_lines() if line.startswith("data:"))
    notice = json.loads(data.removeprefix("data:"))
    assert notice["id"] in {each["id"] for each in notices(person)}
    assert person.post(f"/v1/notifications/{notice['id']}/read").status_code == 200
    unread = person.get("/v1/notifications", params={"unread": "true"}).json()["items"]
    assert notice["id"] not in {each["id"] for each in unread}

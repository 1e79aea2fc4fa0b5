"""A site publishes a seminar, by both doors; people register; a freed seat goes to who waited longest."""

import json
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import Client, Newcomer, key
from tests.support.eventually import eventually
from tests.support.site import Site, cloud_event, seminar
from tests.support.system import System


@pytest.fixture(scope="module")
def osaka(lounge: System) -> Site:
    return Site.added(lounge, "osaka-journey", "--zone", "Asia/Tokyo", "--name-en", "Osaka")


def found(member: httpx.Client, site: str, title: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        items = member.get("/v1/seminars", params={"site": site, "limit": 100}).json()["items"]
        return next((each for each in items if each["title"]["en"] == title), None)

    return eventually(look, what=f"the seminar {title!r}")


def titled(external_id: str, title: str, **more: Any) -> dict[str, Any]:
    return seminar(external_id, **{"title": {"ja": "題", "en": title}} | more)


def test_the_first_seminar_stands_as_it_was_announced(client: Client) -> None:
    member = client("member-a@special.example")
    items = member.get("/v1/seminars", params={"site": "nyc"}).json()["items"]
    first = next(each for each in items if "創薬" in (each["title"]["ja"] or ""))
    assert (first["title_certainty"], first["when"]["precision"]) == ("tentative", "day_part")
    said = {a["zone"]: (a["date"][5:], a["part"]) for a in first["when"]["announced"]}
    assert said == {"America/New_York": ("12-15", "evening"), "Asia/Tokyo": ("12-16", "morning")}
    assert first["when"].get("starts_at") is None


def test_over_nats_a_seminar_is_readable_in_both_zones(osaka: Site, client: Client) -> None:
    osaka.publish(cloud_event(osaka.id, titled("n-1", "Over NATS")))
    member = client("member-a@special.example")
    there = found(member, osaka.id, "Over NATS")
    read = member.get(f"/v1/seminars/{there['id']}").json()
    assert read["when"]["certainty"] == "final"
    shown = json.dumps(read["shown"])
    assert "19:00" in shown or "T19:00:00-05:00" in json.dumps(read)
    assert "09:00" in shown, shown
    assert osaka.receipts(1)[0]["outcome"] == "accepted"


def test_over_http_the_same_with_the_api_key(lounge: System, osaka: Site, client: Client) -> None:
    headers = {"Authorization": f"Bearer {osaka.api_key}", "Content-Type": "application/cloudevents+json"}
    event = cloud_event(osaka.id, titled("h-1", "Over HTTP"))
    answer = httpx.post(f"{lounge.url}/v1/sites/{osaka.id}/events", content=json.dumps(event), headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "quarantined": 0})
    found(client("member-a@special.example"), osaka.id, "Over HTTP")
    batch = [cloud_event(osaka.id, titled("h-2", "In a batch")), cloud_event(osaka.id, {"external_id": "h-3"})]
    headers["Content-Type"] = "application/cloudevents-batch+json"
    mixed = httpx.post(f"{lounge.url}/v1/sites/{osaka.id}/events", content=json.dumps(batch), headers=headers)
    assert (mixed.status_code, mixed.json()) == (202, {"accepted": 1, "quarantined": 1})
    broken = httpx.post(
        f"{lounge.url}/v1/sites/{osaka.id}/events", content=json.dumps([batch[0], {"x": 1}]), headers=headers
    )
    assert broken.status_code == 422


def test_older_and_equal_change_nothing_forged_and_wrong_wait_in_quarantine(osaka: Site, client: Client) -> None:
    staff = client("operator@linkj.example")
    osaka.publish(cloud_event(osaka.id, titled("q-1", "Second edition"), sequence=2))
    there = found(client("member-a@special.example"), osaka.id, "Second edition")
    osaka.publish(
        cloud_event(osaka.id, titled("q-1", "First edition"), sequence=1),
        cloud_event(osaka.id, titled("q-1", "Other second edition"), sequence=2),
        cloud_event("tokyo", titled("q-2", "Forged"), source="/sites/tokyo"),
        b"\x83\x00 no JSON",
    )

    def reasons() -> list[str] | None:
        items = staff.get(f"/v1/sites/{osaka.id}/quarantine", params={"limit": 100}).json()["items"]
        got = [each["reason"] for each in items]
        return got if {"identity", "malformed"} <= set(got) else None

    assert eventually(reasons, what="the forged and the garbled one in quarantine")
    assert (
        client("member-a@special.example").get(f"/v1/seminars/{there['id']}").json()["title"]["en"] == "Second edition"
    )
    titles = [s["title"]["en"] for s in staff.get("/v1/seminars", params={"limit": 100}).json()["items"]]
    assert not {"First edition", "Other second edition", "Forged"} & set(titles)


def test_seats_run_out_people_wait_and_the_first_who_waited_is_promoted(
    osaka: Site, client: Client, newcomer: Newcomer
) -> None:
    osaka.publish(cloud_event(osaka.id, titled("r-1", "Two seats", modes={"onsite": {"capacity": 2}})))
    people = [newcomer(language=language)[0] for language in ("en", "ja", "en", "ja")]
    there = found(people[0], osaka.id, "Two seats")
    path = f"/v1/seminars/{there['id']}/registrations"
    answers = [person.post(path, json={"mode": "onsite"}, headers=key()) for person in people]
    assert [a.status_code for a in answers] == [201] * 4, [a.text for a in answers]
    assert [a.json()["status"] for a in answers] == ["confirmed", "confirmed", "waiting", "waiting"]
    assert [a.json()["position"] for a in answers[2:]] == [1, 2]
    again = people[2].post(path, json={"mode": "onsite"}, headers=key())
    assert (again.status_code, again.json()["id"]) == (200, answers[2].json()["id"])
    assert people[0].delete(f"{path}/mine").status_code in (200, 204)

    def third() -> bool:
        status: str = people[2].post(path, json={"mode": "onsite"}, headers=key()).json()["status"]
        return status == "confirmed"

    eventually(third, what="the first who waited to be promoted")
    assert people[3].post(path, json={"mode": "onsite"}, headers=key()).json()["status"] == "waiting"

"""Why, through every door: a reason is given at each one that changes something, and then looked for in the databases.

The doors are those the gateway has; one that nobody walks through below fails the last test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from services.gateway.app import _CALLS, build
from services.gateway.settings import GatewaySettings
from shared.contracts.members import EndSession
from shared.kit.documents.chain import checked
from tests.journeys.conftest import key
from tests.journeys.test_attendance import ANA, BEN, STAFF, Evening, evening, instant
from tests.journeys.test_privacy import documents
from tests.support.eventually import eventually
from tests.support.site import Site, cloud_event

__all__ = ["evening"]
OPERATOR, INGEST = "operator@linkj.example", "/v1/sites/{site}/events"
_HOUSE = build(GatewaySettings(nats_url="nats://localhost")).house
DOORS = {
    f"{door.method} {door.path}"
    for door in _HOUSE.doors()
    if door.method != "GET" and not door.policy.anonymous and door.path != INGEST
}
HISTORIES = {door.path for door in _HOUSE.doors() if door.path.endswith("/history")}
WIRES = {f"{call.method} {call.path}": call.ask.wire for group in _CALLS.values() for call in group}
WIRES["DELETE /v1/auth/sessions/current"] = EndSession.wire
BESIDE: dict[str, tuple[str, Callable[[dict[str, Any]], str | None]]] = {
    "DELETE /v1/auth/sessions/current": ("members.sessions", lambda doc: doc.get("ended_because")),
    "POST /v1/members/{id}/erase": ("members.erasures", lambda doc: doc["reason"]),
    "POST /v1/sites/{site}/quarantine/{id}/replay": ("events.quarantine", lambda doc: _tended(doc, "replay")),
    "POST /v1/sites/{site}/quarantine/{id}/discard": ("events.quarantine", lambda doc: _tended(doc, "discard")),
}
"""Where a reason stands that is in no record (docs/record.md): the collection, and how it is read."""
DAY = instant("00:00").date().isoformat()


def _tended(doc: dict[str, Any], verb: str) -> str | None:
    return next((each["reason"] for each in doc.get("tended", ()) if verb in each["operation"]), None)


def _nothing(_: dict[str, Any]) -> None:
    """For doors whose reasons are in the record."""


@dataclass
class Walk:
    """Goes through doors, each time for a reason of its own."""

    evening: Evening
    given: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By door: the reasons, and who gave them."""
    told: list[tuple[str, str]] = field(default_factory=list)
    """The history that has to tell it, and the reason."""
    count: int = 0

    def as_(self, email: str) -> httpx.Client:
        return self.evening.as_(email)

    def go(self, who: httpx.Client, door: str, *ids: str, if_match: str = "", **body: Any) -> Any:
        """What the door answers, in its path these ids; the reason is the only thing said where `body` is nothing."""
        self.count += 1
        reason = f"why-{self.count:03d}"
        (method, path), first = door.split(" "), ids[0] if ids else None
        while "{" in path:
            before, _, rest = path.partition("{")
            path, ids = before + ids[0] + rest.partition("}")[2], ids[1:]
        said: Any = {"ja": reason} if "/exceptions/" in path else reason
        headers = key() | ({"If-Match": if_match} if if_match else {})
        me = who.get("/v1/me").json()["member"]["id"]
        answer = who.request(method, path, json=body | {"reason": said}, headers=headers)
        assert answer.is_success, f"{door}: {answer.status_code} {answer.text}"
        self.given.setdefault(door, []).append((reason, me))
        told = answer.json() if answer.content else {}
        thing = first or told.get("id")
        if (history := _history_of(door, thing)) is not None and not door.endswith("/erase"):
            self.told.append((history, reason))
        return told

    def book(self, who: httpx.Client, room: str, start: str, end: str, **more: Any) -> str:
        return str(self.go(who, "POST /v1/bookings", **at(room, start, end), **more)["id"])


def at(room: str, start: str, end: str) -> dict[str, str]:
    times = {"starts_at": instant(start).isoformat(), "ends_at": instant(end).isoformat()}
    return {"site": "nyc", "resource": room, **times}


@pytest.fixture(scope="module")
def walk(evening: Evening) -> Walk:
    return Walk(evening)


@pytest.fixture(scope="module")
def databases(evening: Evening) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](evening.lounge.run["mongo"]) as client:
        yield client


def test_through_the_doors_of_bookings(walk: Walk) -> None:
    walk.evening.show("09:30")
    ana, staff = walk.as_(ANA), walk.as_(STAFF)
    rules = {"needs_approval": True}
    room: dict[str, Any] = {"kind": "room", "name": {"en": "Room C"}, "capacity": 4, "rules": rules}
    walk.go(staff, "PUT /v1/sites/{site}/resources/{id}", "nyc", "room-c", **room)
    walk.go(staff, "PUT /v1/sites/{site}/exceptions/{date}", "nyc", "2026-12-20", hours=[])
    held = walk.book(ana, "room-a", "10:00", "10:30", mode="hold")
    walk.go(ana, "POST /v1/bookings/{id}/confirm", held)
    walk.go(ana, "PATCH /v1/bookings/{id}", held, if_match='"2"', purpose="商談")
    walk.go(ana, "POST /v1/bookings/{id}/cancel", held)
    for verb, start in (("approve", "17:00"), ("reject", "19:00")):
        pending = walk.book(ana, "room-c", start, f"{start[:2]}:30")
        walk.go(staff, f"POST /v1/bookings/{{id}}/{verb}", pending)
    come, missed = walk.book(ana, "room-a", "11:00", "12:00"), walk.book(ana, "desk-2", "10:30", "12:00")
    walk.evening.show("10:50")
    ana, staff = walk.as_(ANA), walk.as_(STAFF)
    walk.go(ana, "POST /v1/bookings/{id}/check-in", come)
    eventually(lambda: ana.get(f"/v1/bookings/{missed}").json()["status"] == "no_show", what="the no-show")
    walk.go(staff, "POST /v1/bookings/{id}/forgive", missed)
    walk.evening.show("11:05")
    walk.go(walk.as_(ANA), "POST /v1/bookings/{id}/check-out", come)


def test_through_the_doors_of_series(walk: Walk) -> None:
    ana, staff, place = walk.as_(ANA), walk.as_(STAFF), "POST /v1/booking-series"
    weekly = walk.go(ana, place, **at("room-b", "18:00", "18:30"), recurrence="FREQ=WEEKLY;COUNT=2")
    changed = {"scope": "all", "purpose": "定例"}
    walk.go(ana, "PATCH /v1/booking-series/{id}", weekly["id"], if_match=f'"{weekly["version"]}"', **changed)
    walk.go(ana, "POST /v1/booking-series/{id}/cancel", weekly["id"], scope="all")
    for verb, start in (("approve", "20:00"), ("reject", "21:00")):
        pending = walk.go(ana, place, **at("room-c", start, f"{start[:2]}:30"), recurrence="FREQ=DAILY;COUNT=1")
        walk.go(staff, f"POST /v1/booking-series/{{id}}/{verb}", pending["id"])


def test_through_the_doors_of_the_waiting_list(walk: Walk) -> None:
    ana, ben = walk.as_(ANA), walk.as_(BEN)

    def offered(entry: str) -> Callable[[], bool]:
        return lambda: ben.get(f"/v1/booking-waitlist/{entry}").json()["status"] == "offered"

    for ending, start in (("DELETE", "13:00"), ("accept", "14:00"), ("decline", "15:00")):
        wanted = at("room-b", start, f"{start[:2]}:30")
        taken = walk.book(ana, "room-b", start, f"{start[:2]}:30")
        entry = walk.go(ben, "POST /v1/booking-waitlist", **wanted)["id"]
        if ending == "DELETE":
            walk.go(ben, "DELETE /v1/booking-waitlist/{id}", entry)
            continue
        walk.go(ana, "POST /v1/bookings/{id}/cancel", taken)
        eventually(offered(entry), what="the offer")
        walk.go(ben, f"POST /v1/booking-waitlist/{{id}}/{ending}", entry)


def test_through_the_doors_of_members(walk: Walk) -> None:
    operator, orgs = walk.as_(OPERATOR), "/v1/organizations/{id}"
    org = walk.go(operator, "POST /v1/organizations", name={"en": "Why K.K."}, kind="partner")
    walk.go(operator, f"PATCH {orgs}", org["id"], if_match='"1"', name={"en": "Why Inc."})
    for step in ("orient", "invoice", "activate", "suspend", "resume", "renew", "leave", "apply"):
        walk.go(operator, f"POST {orgs}/{step}", org["id"])
    provider: dict[str, Any] = {
        "issuer": "https://accounts.why.example",
        "client_id": "lounge",
        "domains": ["why.example"],
    }
    walk.go(operator, f"PUT {orgs}/identity-provider", org["id"], **provider)
    walk.go(operator, f"DELETE {orgs}/identity-provider", org["id"])
    who: dict[str, Any] = {"email": "aoi@why.example", "name": {"family": "Naze", "given": "Aoi"}, "roles": ["member"]}
    person = walk.go(operator, "POST /v1/members", organization=org["id"], **who)
    walk.go(operator, "PATCH /v1/members/{id}", person["id"], if_match='"1"', language="en")
    aoi = walk.as_("aoi@why.example")
    made = walk.go(aoi, "POST /v1/api-keys", name="laptop")
    walk.go(aoi, "DELETE /v1/api-keys/{id}", made["id"])
    walk.go(aoi, "DELETE /v1/auth/sessions/current")
    table = operator.get("/v1/policy")
    walk.go(operator, "PUT /v1/policy", if_match=table.headers["ETag"], rows=table.json()["rows"][:-1])
    ren = {"organization": org["id"], **who, "email": "ren@why.example"}
    other = operator.post("/v1/members", json=ren, headers=key())
    walk.go(operator, "POST /v1/members/{id}/erase", other.json()["id"])


def test_through_the_doors_of_seminars_sites_and_notices(walk: Walk) -> None:
    ana, operator = walk.as_(ANA), walk.as_(OPERATOR)
    seminar = ana.get("/v1/seminars", params={"site": "nyc"}).json()["items"][0]["id"]
    walk.go(ana, "POST /v1/seminars/{id}/registrations", seminar, mode="online")
    walk.go(ana, "DELETE /v1/seminars/{id}/registrations/mine", seminar)
    site = Site.added(walk.evening.lounge, "why-site")
    headers = {"Authorization": f"Bearer {site.api_key}", "Content-Type": "application/cloudevents+json"}
    url, wrong = f"{walk.evening.lounge.url}/v1/sites/why-site/events", cloud_event("why-site", {"external_id": "w-1"})
    assert httpx.post(url, json=wrong, headers=headers).json() == {"accepted": 0, "quarantined": 1}
    path = "/v1/sites/why-site/quarantine"
    (row,) = eventually(lambda: operator.get(path).json()["items"], what="the row")
    for verb in ("replay", "discard"):
        walk.go(operator, f"POST /v1/sites/{{site}}/quarantine/{{id}}/{verb}", "why-site", row["id"])
    told = eventually(lambda: ana.get("/v1/notifications").json()["items"], what="a notice")
    walk.go(ana, "POST /v1/notifications/{id}/read", told[0]["id"])


def test_each_reason_stands_with_who_gave_it_in_a_chain_that_verifies(
    walk: Walk, databases: MongoClient[dict[str, Any]]
) -> None:
    assert walk.given.keys() == DOORS, "a door nobody walked through"
    stored = list(documents(databases))
    found = dict[str, tuple[str, str]]()
    for _, doc in stored:
        log = doc.get("log", ())
        found |= {_plain(entry["reason"]): (entry["operation"], entry["actor"]) for entry in log if "reason" in entry}
        assert not log or checked(doc["_id"], log).faults == ()
    lost = []
    for door, given in walk.given.items():
        collection, read = BESIDE.get(door, ("", _nothing))
        kept = {read(doc) for where, doc in stored if where == collection}
        for reason, who in given:
            if reason not in kept and found.get(reason) != (WIRES[door], who):
                lost.append((door, reason, found.get(reason)))
    assert lost == []


def test_each_history_shows_the_reasons_of_what_it_tells(walk: Walk) -> None:
    operator = walk.as_(OPERATOR)
    shown: dict[str, set[str]] = {}
    for path in {history for history, _ in walk.told}:
        answer = operator.get(path)
        assert answer.status_code == 200, (path, answer.text)
        shown[path] = {_plain(each["reason"]) for each in answer.json()["items"] if each["reason"]}
    assert [(path, reason) for path, reason in walk.told if reason not in shown[path]] == []
    told = {path.split("/")[2] for path in shown}
    assert told == {"bookings", "booking-series", "organizations", "members", "policy", "api-keys"}


def _history_of(door: str, thing: str | None) -> str | None:
    """Where it is told what was done to the thing that was changed, if anywhere; the one nearest to the door."""
    path = door.partition(" ")[2]
    near = [each for each in HISTORIES if f"{path}/{{id}}".startswith(each.removesuffix("/history"))]
    return max(near, key=len).replace("{id}", thing or "") if near else None


def _plain(reason: Any) -> str:
    return str(reason["ja"]) if isinstance(reason, dict) and "ja" in reason else str(reason)

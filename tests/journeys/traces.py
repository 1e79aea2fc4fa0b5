"""Somebody who has left something of themselves everywhere: by the doors, and in messages that cannot be handled."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from deploy import topology
from deploy.nats.keys import KeyFolder
from tests.journeys.conftest import Client, FreeHour, key, waited_for, wish
from tests.journeys.test_seminar import found, titled
from tests.support.eventually import eventually
from tests.support.site import Site, cloud_event
from tests.support.system import System

NAME = {
    "family": "金糸雀守",
    "given": "Zyxcanary",
    "family_kana": "カナリアモリ",
    "given_kana": "ジックス",
    "latin": "Zyx Canarymore",
}
PURPOSE, REASON, KEY, WHY = "Zyxpurpose canary", "Zyxreason canary", "Zyxkey canary", "Zyxwhy canary"
SERIES, TIME, OFF, AWAY = "Zyxseries canary", "Zyxtime canary", "Zyxoff canary", "Zyxaway canary"
RECORD = "Zyxrecord canary"
"""Given as the reason of whatever else she does, for the record."""
WRITTEN = (PURPOSE, REASON, KEY, SERIES, TIME, OFF, AWAY, RECORD)
CANARIES = (NAME["family"], "Zyxcanary", NAME["family_kana"], "Canarymore", *(text.split()[0] for text in WRITTEN))
BESIDE = ("company@yokohama.example", "member-a@special.example")
"""Two of the demonstration, each before or behind her in a line."""
SEAT, LINE = "A seat of hers", "A line she stands in"
"""Seminars."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """`dropped` is a booking she gave back, `series` repeats at `times`, `seminars` are the two by their titles."""

    id: str
    email: str
    tokens: dict[str, str]
    me: httpx.Client
    kept: str
    dropped: str
    series: str
    times: tuple[str, ...]
    seminars: dict[str, str]

    @property
    def path(self) -> str:
        return f"/v1/members/{self.id}"

    @property
    def canaries(self) -> list[str]:
        return [self.email, *CANARIES]


def keys_of(email: str) -> Iterator[dict[str, str]]:
    """Idempotency keys as a careless program makes them: of an address."""
    return ({"Idempotency-Key": f"{email}/{n}"} for n in count(1))


def booked(me: httpx.Client, other: httpx.Client, free_hour: FreeHour, keys: Iterator[dict[str, str]]) -> list[str]:
    """Three bookings of hers, and a place in a line: the ids of the first, which stands, and the second, given back."""
    words: dict[str, Any] = {"purpose": PURPOSE, "reason": RECORD}
    kept, dropped = (_made(me, "/v1/bookings", wish("room-a", free_hour("room-a"), **words), keys) for _ in range(2))
    held = _made(me, "/v1/bookings", wish("room-b", free_hour("room-b"), mode="hold", **words), keys)
    me.post(f"/v1/bookings/{held['id']}/confirm", json={"reason": RECORD}).raise_for_status()
    me.post(f"/v1/bookings/{dropped['id']}/cancel", json={"reason": REASON}).raise_for_status()
    start = free_hour("room-b")
    other.post("/v1/bookings", json=wish("room-b", start, purpose="theirs"), headers=key()).raise_for_status()
    _made(me, "/v1/booking-waitlist", waited_for("room-b", start) | words, keys)
    return [kept["id"], dropped["id"]]


def repeated(me: httpx.Client, free_hour: FreeHour, keys: Iterator[dict[str, str]]) -> dict[str, Any]:
    """A weekly room. One of its times has words of its own, two are given back, by either door, each for a reason."""
    weekly: dict[str, Any] = {"recurrence": "FREQ=WEEKLY;COUNT=5", "on_conflict": "skip", "purpose": SERIES}
    weekly["reason"] = RECORD
    placed = _made(me, "/v1/booking-series", wish("room-b", free_hour("room-b", weeks=5), **weekly), keys)
    path, (first, second, *_, last) = f"/v1/booking-series/{placed['id']}", placed["occurrences"]
    words = {"scope": "one", "index": last["index"], "purpose": TIME, "reason": RECORD}
    me.patch(path, json=words, headers={"If-Match": f'"{placed["version"]}"'}).raise_for_status()
    me.post(f"{path}/cancel", json={"scope": "one", "index": first["index"], "reason": OFF}).raise_for_status()
    me.post(f"/v1/bookings/{second['id']}/cancel", json={"reason": AWAY}).raise_for_status()
    return placed


def registered(me: httpx.Client, client: Client, site: Site, keys: Iterator[dict[str, str]]) -> dict[str, str]:
    """She has the one seat of the first seminar, and stands in the line of the second, others behind her in both."""
    one_seat = {"modes": {"onsite": {"capacity": 1}}}
    for number, title in enumerate((SEAT, LINE)):
        site.publish(cloud_event(site.id, titled(f"p-{number}", title, **one_seat)))
    seminars = {title: found(me, site.id, title)["id"] for title in (SEAT, LINE)}
    one, other = (client(email) for email in BESIDE)
    _registered(one, seminars[LINE], key())
    hers = [_registered(me, each, next(keys), reason=RECORD) for each in seminars.values()]
    assert [each["status"] for each in hers] == ["confirmed", "waiting"]
    behind = [_registered(one, seminars[SEAT], key()), _registered(other, seminars[LINE], key())]
    assert [(each["status"], each["position"]) for each in behind] == [("waiting", 1), ("waiting", 2)]
    return seminars


def _registered(person: httpx.Client, seminar: str, headers: dict[str, str], **why: str) -> dict[str, Any]:
    wanted = {"mode": "onsite", **why}
    return standing(person.post(f"/v1/seminars/{seminar}/registrations", json=wanted, headers=headers))


def keyed(me: httpx.Client, keys: Iterator[dict[str, str]]) -> None:
    """Two keys of hers, one of them revoked."""
    wanted = {"scopes": ["bookings:read"], "reason": RECORD}
    _, other = (_made(me, "/v1/api-keys", {"name": name, **wanted}, keys) for name in (KEY, "another"))
    me.request("DELETE", f"/v1/api-keys/{other['id']}", json={"reason": RECORD}).raise_for_status()


def read_one(me: httpx.Client) -> None:
    """The latest notice she was told."""
    told = me.get("/v1/notifications").json()["items"][0]["id"]
    me.post(f"/v1/notifications/{told}/read", json={"reason": RECORD}).raise_for_status()


def standing(answer: httpx.Response) -> dict[str, Any]:
    """A registration as it now is."""
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


def _made(me: httpx.Client, path: str, body: dict[str, Any], keys: Iterator[dict[str, str]]) -> dict[str, Any]:
    answer = me.post(path, json=body, headers=next(keys))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def cut_off(lounge: System, somebody: Somebody) -> list[dict[str, Any]]:
    """What bears her name, or what she wrote, is said once more with its end missing; the dead letters it becomes."""
    asyncio.run(_cut_off(lounge, "members", "STATE", f"state.members.contact.v1.{somebody.id}"))
    asyncio.run(_cut_off(lounge, "booking", "EVENTS", f"evt.booking.booking_cancelled.v1.{somebody.dropped}"))
    for event in ("booking_cancelled", "series_cancelled"):
        asyncio.run(_cut_off(lounge, "booking", "EVENTS", f"evt.booking.{event}.v1.{somebody.series}"))
    return eventually(lambda: each if len(each := letters(lounge, somebody)) == 5 else None, what="five dead letters")


async def _cut_off(lounge: System, service: str, stream: str, subject: str) -> None:
    """By the service's own key. A state is erased before another takes its place, as the service does it."""
    seed = KeyFolder(lounge.folder / "keys" / "nats").seed_file(service)
    client = await topology.connect(lounge.run["nats"], seed, service)
    js = client.jetstream()
    last = await js.get_last_msg(stream, subject, direct=True)
    assert last.data is not None
    assert last.seq is not None
    if stream == "STATE":
        await js.delete_msg(stream, last.seq)
    await js.publish(subject, last.data[:-1], stream=stream)
    await client.close()


def letters(lounge: System, somebody: Somebody) -> list[dict[str, Any]]:
    """The dead letters about her and what is hers."""
    hers = {somebody.id, somebody.dropped, somebody.series}
    listed: list[dict[str, Any]] = json.loads(lounge.lounge("dlq", "list", "--json"))
    return [each for each in listed if each["subject"].rpartition(".")[2] in hers]

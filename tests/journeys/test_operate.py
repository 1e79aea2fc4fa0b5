"""Operate: health, figures, dead letters, a killed service, and one correlation id from the request to the mail."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import nats

from tests.journeys.conftest import Client, FreeHour, Newcomer, key, wish
from tests.support.eventually import eventually
from tests.support.system import System


def status(lounge: System) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(lounge.lounge("status", "--json"))
    return told


def test_health_metrics_and_descriptions_are_served(lounge: System, client: Client) -> None:
    for path in ("/health/live", "/health/ready", "/metrics", "/openapi.json", "/asyncapi.json"):
        assert httpx.get(f"{lounge.url}{path}").status_code == 200, path
    assert "lounge_" in httpx.get(f"{lounge.url}/metrics").text
    operator, member = client("operator@linkj.example"), client("member-a@special.example")
    assert operator.get("/v1/ops/status").status_code == 200
    assert member.get("/v1/ops/status").status_code == 403
    names = {s["service"]: len(s["replicas"]) for s in status(lounge)["services"]}
    assert names == {"booking": 3, "events": 2, "members": 1, "notify": 1}


def test_a_killed_service_comes_back_and_nothing_is_lost(
    lounge: System, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    person, _ = newcomer("special_member_a")
    before = lounge.pids()
    os.kill(before["notify-1"], signal.SIGKILL)
    placed = person.post("/v1/bookings", json=wish("room-a", free_hour("room-a", weeks=4)), headers=key())
    assert placed.status_code == 201, placed.text
    eventually(lambda: lounge.pids()["notify-1"] != before["notify-1"], what="notify to be restarted")
    eventually(lambda: person.get("/v1/notifications").json().get("items"), what="the notice after the restart")


def test_a_dead_letter_is_listed_shown_and_replayed(lounge: System) -> None:
    environment = lounge.environment("booking-1")
    seed = Path(environment["LOUNGE_NATS_SEED_FILE"]).read_text(encoding="utf-8").strip()

    async def poison() -> None:
        prefix = environment["LOUNGE_NATS_INBOX_PREFIX"]
        client = await nats.connect(environment["LOUNGE_NATS_URL"], nkeys_seed_str=seed, inbox_prefix=prefix)
        await client.jetstream().publish("evt.booking.booking_placed.v1.poison", b"{no json", stream="EVENTS")
        await client.close()

    def letters() -> list[dict[str, Any]]:
        told = json.loads(lounge.lounge("dlq", "list", "--json"))
        items = told["items"] if isinstance(told, dict) else told
        return [each for each in items if "poison" in json.dumps(each)]

    asyncio.run(poison())
    letter = eventually(letters, what="the poison to be parked")[0]
    assert letter["reason"] == "malformed"
    lounge.lounge("dlq", "replay", str(letter["id"]))
    eventually(lambda: [x for x in letters() if x["id"] != letter["id"]], what="it to be parked again")


def test_one_correlation_id_leads_from_the_request_to_the_mail(
    lounge: System, newcomer: Newcomer, free_hour: FreeHour
) -> None:
    person, member = newcomer("special_member_a")
    answer = person.post(
        "/v1/bookings", json=wish("room-b", free_hour("room-b", weeks=3)), headers={**key(), "X-Request-Id": "walk-1"}
    )
    assert answer.status_code == 201, answer.text
    eventually(lambda: lounge.lounge("mail", "--to", member["email"]), what="the mail")

    def walked() -> bool:
        walk = lounge.lounge("trace", "walk-1")
        return all(service in walk for service in ("gateway", "booking", "notify"))

    eventually(walked, what="the walk through gateway, booking and notify")

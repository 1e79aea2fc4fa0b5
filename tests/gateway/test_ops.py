"""Health, status, metrics, the documents."""

import json
from collections.abc import Callable

import httpx
import pytest

from services.gateway.app import openapi
from shared.contracts.topology import SERVICES
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices
from tests.support.eventually import eventually
from tests.support.servers import Servers

OPERATOR = {"roles": ["operator"]}


def test_status_holds_every_replica_the_lag_and_the_dead_letters(door: Door) -> None:
    answer = door.client.get("/v1/ops/status", headers=bearer(**OPERATOR))
    assert answer.status_code == 200
    status = answer.json()
    assert status["status"] == "ok"
    assert [each["service"] for each in status["services"]] == list(SERVICES)
    assert all(each["ready"] and len(each["replicas"]) == 1 for each in status["services"])
    assert status["lag"]["booking__thing"] == 3
    assert status["oldest_unsent_seconds"] == 0.5
    assert status["dead_letters"] == {"total": 0, "durables": {}}


def test_a_service_that_is_away_degrades_and_comes_back(door: Door, services: FakeServices) -> None:
    services.close("events")
    try:
        status = door.client.get("/v1/ops/status", headers=bearer(**OPERATOR)).json()
        assert status["status"] == "degraded"
        assert {each["service"]: each["ready"] for each in status["services"]}["events"] is False
        eventually(lambda: "events" in door.client.get("/health/ready").json()["degraded"], what="health to say so")
        assert door.client.get("/health/ready").json()["status"] == "degraded"
        assert door.client.get("/health/ready").status_code == 200
    finally:
        services.open("events")
    eventually(lambda: door.client.get("/health/ready").json()["status"] == "ok", what="health to recover")


def test_a_gateway_is_not_ready_before_every_service_has_been(
    servers: Servers, services: FakeServices, another_door: Callable[..., Door]
) -> None:
    services.close("notify")
    late = Door(servers)
    try:
        report = eventually(lambda: _report(late), what="the port to open")
        assert "notify" in report["wrong"]
        assert late.client.get("/health/ready").status_code == 503
        services.open("notify")
        eventually(late.is_ready, what="readiness")
    finally:
        late.stop()


def _report(door: Door) -> dict[str, dict[str, str]]:
    try:
        report = door.client.get("/health/ready").json()
    except httpx.TransportError:
        return {}
    return report if set(report["wrong"]) == {"notify"} else {}


def test_metrics_count_by_door_and_never_by_id(door: Door) -> None:
    door.client.get("/v1/bookings/some-canary-id", headers=bearer())
    text = door.client.get("/metrics").text
    assert 'lounge_http_requests_total{door="GET /v1/bookings/{id}",status="200"}' in text
    assert "some-canary-id" not in text


def test_one_line_is_logged_for_a_request_under_its_id_without_personal_data(door: Door) -> None:
    body = {"email": "canary@person.example"}
    headers = {"X-Request-Id": "log-line-1"}
    assert door.client.post("/v1/auth/codes?x=canary", json=body, headers=headers).status_code == 422
    assert door.client.post("/v1/auth/codes", json=body, headers={"X-Request-Id": "log-line-2"}).status_code == 200
    lines = eventually(lambda: [each for each in door.log().splitlines() if "log-line-2" in each], what="the line")
    line = json.loads(lines[0])
    assert len(lines) == 1
    assert (line["event"], line["door"], line["status"]) == ("http.answered", "POST /v1/auth/codes", 200)
    assert "canary" not in door.log()


@pytest.mark.parametrize("sent", ["x" * 65, "a b", "ünsafe", "", '"'])
def test_a_request_id_that_is_not_safe_is_replaced(sent: str, door: Door) -> None:
    answer = door.client.get("/nothing", headers={b"X-Request-Id": sent.encode("latin-1")})
    assert answer.json()["request_id"] == answer.headers["x-request-id"] != sent


def test_the_api_document_holds_every_door_with_its_body_and_its_answer(door: Door) -> None:
    document = door.client.get("/openapi.json").json()
    assert document == json.loads(json.dumps(openapi()))
    place = document["paths"]["/v1/bookings"]["post"]
    assert place["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/PlaceBookingBody")
    assert place["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("/BookingView")
    assert {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}} in place[
        "parameters"
    ]
    history = document["paths"]["/v1/bookings"]["get"]["parameters"]
    assert {"site", "from", "to", "status", "limit", "cursor"} == {each["name"] for each in history}
    change = document["components"]["schemas"]["UpdateMemberBody"]["properties"]
    assert "id" not in change


def test_the_message_document_is_the_committed_one(door: Door) -> None:
    assert door.client.get("/asyncapi.json").json()["asyncapi"] == "3.0.0"


def test_a_problem_page_is_there_for_every_code_of_the_gateways_own(door: Door) -> None:
    for code in ("malformed-json", "unknown-field", "not-found", "timezone-required", "idempotency-key-required"):
        page = door.client.get(f"/problems/{code}")
        assert (page.status_code, "lang='ja'" in page.text) == (200, True)
    assert door.client.get("/problems/no-such-code").status_code == 404
    assert door.client.get("/problems/%3Cscript%3E").status_code == 404

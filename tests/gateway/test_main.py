"""The main road: a call becomes the message of its contract, its answer becomes HTTP."""

import json
from datetime import UTC, datetime
from typing import Any

from shared.contracts.booking import Availability, BookingHistory, CancelBooking, ListBookings, PlaceBooking
from tests.gateway.conftest import Door, bearer, key
from tests.gateway.fakes import FakeServices, ok, problem
from tests.gateway.test_bad_input import SECRET

BOOKING = {
    "site": "nyc",
    "resource": "room-a",
    "starts_at": "2026-12-15T19:00:00-05:00",
    "ends_at": "2026-12-15T20:00:00-05:00",
    "purpose": "会議",
}


def test_a_booking_goes_out_as_its_command_and_comes_back_as_created(door: Door, services: FakeServices) -> None:
    services.answers[PlaceBooking.wire] = lambda _: ok({"id": "b1", "version": 1}, status=201)
    headers = bearer() | {"Idempotency-Key": "k-1", "X-Request-Id": "walk-1"}
    answer = door.client.post("/v1/bookings", json=BOOKING, headers=headers)
    assert (answer.status_code, answer.json()) == (201, {"id": "b1", "version": 1})
    assert (answer.headers["etag"], answer.headers["x-request-id"]) == ('"1"', "walk-1")
    assert "idempotent-replay" not in answer.headers
    (envelope,) = services.asked(PlaceBooking.wire)
    assert envelope["data"] == BOOKING
    assert (envelope["key"], envelope["correlationid"]) == ("k-1", "walk-1")
    assert envelope["principal"]["id"] == "m1"
    assert envelope["principal"]["organization"] == "o1"
    assert envelope["principal"]["roles"] == ["member"]


def test_of_a_time_told_to_the_nanosecond_the_milliseconds_are_kept(door: Door, services: FakeServices) -> None:
    body = {"site": "nyc", "resource": "room-a", "starts_at": "2026-12-15T19:00:00.123987654Z"}
    door.client.post("/v1/bookings", json=body | {"ends_at": "2026-12-15T20:00:00Z"}, headers=bearer() | key())
    (asked,) = services.asked(PlaceBooking.wire)
    heard = PlaceBooking.model_validate_json(json.dumps(asked["data"]))
    assert heard.starts_at == datetime(2026, 12, 15, 19, 0, 0, 123_000, tzinfo=UTC)


def test_a_replay_says_so(door: Door, services: FakeServices) -> None:
    services.answers[PlaceBooking.wire] = lambda _: ok({"id": "b1", "version": 4}, status=201, replay=True)
    answer = door.client.post("/v1/bookings", json=BOOKING, headers=bearer() | key())
    assert (answer.status_code, answer.headers["idempotent-replay"]) == (201, "true")


def test_a_refusal_of_a_service_is_told_in_the_readers_language_with_its_members(
    door: Door, services: FakeServices
) -> None:
    services.answers[PlaceBooking.wire] = lambda _: problem("new-rule", 409, conflicts=[{"resource": "room-a"}])
    for language, words in (("ja-JP,en;q=0.5", "だめです。"), ("en", "No."), ("xx, ja;q=abc", "No.")):
        headers = bearer() | key() | {"Accept-Language": language, "X-Request-Id": "r1"}
        answer = door.client.post("/v1/bookings", json=BOOKING, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "type": "/problems/new-rule",
            "title": "New rule",
            "status": 409,
            "detail": words,
            "code": "new-rule",
            "instance": "/v1/bookings",
            "request_id": "r1",
            "conflicts": [{"resource": "room-a"}],
        }
    page = door.client.get("/problems/new-rule")
    assert (page.status_code, "だめです。" in page.text, "No." in page.text) == (200, True, True)


def test_acting_for_another_of_ones_organizations_is_said_by_header(door: Door, services: FakeServices) -> None:
    headers = bearer() | {"Acting-Organization": "o2"}
    assert door.client.get("/v1/bookings", headers=headers).status_code == 200
    assert services.asked(ListBookings.wire)[0]["principal"]["organization"] == "o2"
    foreign = door.client.get("/v1/bookings", headers=bearer() | {"Acting-Organization": "o3"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")
    (told,) = (line for line in refusals(door) if line["asked"] == "Acting-Organization")
    assert {k: told[k] for k in ("principal", "ids", "refusal")} == {
        "principal": "m1",
        "ids": "organization=o3",
        "refusal": "forbidden",
    }


def test_a4_who_may_not_use_a_door_gets_403_and_the_log_says_who_asked_for_what(
    door: Door, services: FakeServices
) -> None:
    services.add_key(SECRET, kind="site", id="osaka", site="osaka")
    member = door.client.get("/v1/ops/status", headers=bearer(sub="curious-member"))
    site = door.client.get("/v1/bookings/b-17", headers={"X-API-Key": SECRET})
    assert [(answer.status_code, answer.json()["code"]) for answer in (member, site)] == [(403, "forbidden")] * 2
    told = {line["principal"]: (line["kind"], line["asked"], line["organization"]) for line in refusals(door)}
    assert told["curious-member"] == ("member", "GET /v1/ops/status", "o1")
    assert told["osaka"] == ("site", "GET /v1/bookings/b-17", None)


def refusals(door: Door) -> list[dict[str, Any]]:
    return [json.loads(line) for line in door.log().splitlines() if '"access.refused"' in line]


def test_query_parameters_become_the_fields_of_the_query(door: Door, services: FakeServices) -> None:
    query = "from=2026-12-15T00:00:00+09:00&to=2026-12-16&kind=room&minutes=30"
    assert door.client.get(f"/v1/sites/nyc/availability?{query}", headers=bearer()).status_code == 200
    (envelope,) = services.asked(Availability.wire)
    assert envelope["data"] == {
        "site": "nyc",
        "from": "2026-12-15T00:00:00+09:00",
        "to": "2026-12-16",
        "kind": "room",
        "minutes": 30,
    }


def test_a_cursor_is_sealed_for_its_list_and_its_reader(door: Door, services: FakeServices) -> None:
    first = door.client.get("/v1/bookings", headers=bearer()).json()
    assert first["items"]
    assert first["next"] != "after-b1"
    second = door.client.get("/v1/bookings", params={"cursor": first["next"]}, headers=bearer())
    assert second.status_code == 200
    assert services.asked(ListBookings.wire)[1]["data"] == {"after": "after-b1"}
    for path, who in (("/v1/bookings", "m2"), ("/v1/members", "m1")):
        answer = door.client.get(path, params={"cursor": first["next"]}, headers=bearer(sub=who))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-cursor")


def test_an_action_needs_no_body_no_key_and_hands_the_seen_version_on(door: Door, services: FakeServices) -> None:
    assert door.client.post("/v1/bookings/b1/cancel", headers=bearer()).status_code == 200
    seen = door.client.post("/v1/bookings/b1/cancel", json={}, headers=bearer() | key() | {"If-Match": '"3"'})
    assert (seen.status_code, seen.headers["etag"]) == (200, '"7"')
    bare, careful = services.asked(CancelBooking.wire)
    assert (bare["data"], "key" in bare, "if_match" in bare) == ({"id": "b1"}, False, False)
    assert careful["if_match"] == 3


def test_a_change_without_if_match_is_refused(door: Door) -> None:
    answer = door.client.patch("/v1/organizations/o1", json={"name": {"en": "X"}}, headers=bearer(roles=["operator"]))
    assert (answer.status_code, answer.json()["code"]) == (428, "if-match-required")
    headers = bearer(roles=["operator"]) | {"If-Match": "3"}
    answer = door.client.patch("/v1/organizations/o1", json={"name": {"en": "X"}}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "if-match-malformed")


def test_an_id_that_cannot_be_one_is_not_there_and_nobody_is_asked(door: Door, services: FakeServices) -> None:
    for bad in ("%00", "a" * 65, "..%2F..", "a%20b", "%F0%9F%98%80"):
        answer = door.client.get(f"/v1/bookings/{bad}/history", headers=bearer())
        assert answer.status_code == 404, bad
        assert answer.headers["content-type"] == "application/problem+json"
    assert services.asked(BookingHistory.wire) == []


def test_a_service_that_is_away_is_503_with_retry_after(door: Door, services: FakeServices) -> None:
    services.close("booking")
    try:
        answer = door.client.get("/v1/bookings", headers=bearer())
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert door.client.get("/health/ready").status_code == 200
    finally:
        services.open("booking")

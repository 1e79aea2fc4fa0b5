"""Rows H1–H16, H18 and H22–H26 of the input table, each on every JSON route the gateway has. No input gets a 5xx."""

import gzip
import json
from dataclasses import dataclass, replace

import httpx
import pytest

from services.gateway.app import build
from services.gateway.doors import Door as Route
from services.gateway.settings import GatewaySettings
from tests.gateway.conftest import Door, bearer, key
from tests.gateway.fakes import FakeServices

ROUTES = build(GatewaySettings(nats_url="nats://localhost")).house.doors()
SECRET = "lk_" + "a" * 40
INGEST = "/v1/sites/{site}/events"
CALLBACK = "/v1/auth/oidc/callback"
"""What identity providers add to the parameters they send there is their own."""
OPERATOR = ["member", "operator", "site_staff", "organization_admin"]


@dataclass(frozen=True)
class Row:
    """A body that is wrong in one way, and what it gets. `codes` empty: any code of that status."""

    name: str
    body: bytes
    status: int
    codes: tuple[str, ...] = ()
    content_type: str | None = None
    encoding: str | None = None


def nested(depth: int) -> bytes:
    return b'{"meta":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


EMPTY = Row("H1 empty body", b"", 400, ("malformed-body",))
ROWS = (
    Row("H1 only white space", b" \n", 400, ("malformed-body",)),
    Row("H2 cut JSON", b'{"title":', 400, ("malformed-json",)),
    Row("H3 invalid UTF-8", b'{"title":"\xff"}', 400, ("malformed-json",)),
    Row("H3 an encoded surrogate", b'{"title":"\xed\xa0\x80"}', 400, ("malformed-json",)),
    Row("H3 Shift_JIS", '{"title":"会議"}'.encode("shift_jis"), 400, ("malformed-json",)),
    Row("H5 lone surrogate", b'{"title":"\\ud800"}', 422, ("invalid-text",)),
    Row("H6 NUL in a string", b'{"title":"a\\u0000b"}', 422, ("invalid-text",)),
    Row("H7 NaN", b'{"title":NaN}', 400, ("malformed-json",)),
    Row("H7 Infinity", b'{"title":-Infinity}', 400, ("malformed-json",)),
    Row("H7 1e999", b'{"title":1e999}', 400, ("malformed-json",)),
    Row("H8 2^70", b'{"title":1180591620717411303424}', 422, ("out-of-range",)),
    Row("H8 -2^63", b'{"title":-9223372036854775808}', 422, ("out-of-range",)),
    Row("H9 5,000 digits", b'{"title":' + b"9" * 5_000 + b"}", 400, ("malformed-json",)),
    Row("H10 50,000 brackets", b"[" * 50_000, 400, ("too-deep",)),
    Row("H10 depth 300", nested(300), 400, ("too-deep",)),
    Row("H11 a key twice", b'{"title":1,"title":2}', 400, ("duplicate-key",)),
    Row("H11 a key twice, once escaped", b'{"title":1,"t\\u0069tle":2}', 400, ("duplicate-key",)),
    Row("H12 NUL in a key", b'{"meta":{"a\\u0000":1}}', 422, ("invalid-key",)),
    Row("a string over 10 KB", b'{"title":"' + b"x" * 11_000 + b'"}', 422, ("too-long",)),
    Row("201 keys", json.dumps({f"k{n}": n for n in range(201)}).encode(), 422, ("too-many-keys",)),
    Row("H16 text/plain", b"{}", 415, ("unsupported-media-type",), content_type="text/plain"),
    Row("H16 no content type", b"{}", 415, ("unsupported-media-type",), content_type=""),
    Row("H16 xml", b"<a/>", 415, ("unsupported-media-type",), content_type="application/xml"),
    Row("H16 another charset", b"{}", 415, content_type="application/json; charset=utf-16"),
    Row("H17 64 KB and one", b'"' + b"x" * 65_535 + b'"', 413, ("body-too-large",)),
    Row("H18 gzip", gzip.compress(b"{}" * 9_000), 415, ("unsupported-media-type",), encoding="gzip"),
    Row("H22 multipart", b"--x\r\n" * 500, 415, content_type="multipart/form-data; boundary=x"),
    Row("H22 urlencoded", b"a=1&" * 500, 415, content_type="application/x-www-form-urlencoded"),
)
FIELD_ROWS = (
    Row("H12 $ in a key", b'{"$where":1}', 422, ("invalid-key",)),
    Row("H12 . in a key", b'{"a.b":1}', 422, ("invalid-key",)),
    Row("H12 $ in a meta key", b'{"meta":{"$ne":1}}', 422, ("invalid-key",)),
    Row("H12 upper case in a meta key", b'{"meta":{"Key":1}}', 422, ("invalid-key",)),
    Row("a body that is no object", b"[]", 422),
    Row("a body that is a number", b"5", 422),
    Row("a body that is null", b"null", 422),
)


def is_json(route: Route) -> bool:
    return route.paper.body is not None or route.path == INGEST


def url(route: Route) -> str:
    path = route.path
    for name in route.parameters:
        path = path.replace("{" + name + "}", {"site": "nyc", "date": "2026-12-15"}.get(name, "thing"))
    return path


def allowed(route: Route, services: FakeServices) -> dict[str, str]:
    """Headers with which the route would do its work, in a session of its own: one of the routes ends it."""
    services.add_key(SECRET, kind="site", id="nyc", site="nyc", roles=[], scopes=[])
    own = key()
    person = bearer(roles=OPERATOR, sid=own["Idempotency-Key"])
    return ({"X-API-Key": SECRET} if route.policy.kinds == {"site"} else person) | own | {"If-Match": '"1"'}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


JSON_ROUTES = [route for route in ROUTES if is_json(route)]
ACTIONS = [
    route
    for route in JSON_ROUTES
    if route.method in ("POST", "DELETE")
    and route.paper.body is not None
    and not any(field.is_required() for field in route.paper.body.model_fields.values())
]
"""Their body may say something, and need not be there."""


def send(door: Door, route: Route, row: Row, services: FakeServices) -> httpx.Response:
    usual = "application/cloudevents+json" if route.path == INGEST else "application/json"
    kind = usual if row.content_type is None else row.content_type
    headers = allowed(route, services) | ({"Content-Type": kind} if kind else {})
    headers |= {"Content-Encoding": row.encoding} if row.encoding else {}
    return door.client.request(route.method, url(route), content=row.body, headers=headers)


def check(answer: httpx.Response, row: Row) -> None:
    assert answer.status_code == row.status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == row.status
    assert document["type"] == f"/problems/{document['code']}"
    assert document["request_id"] == answer.headers["x-request-id"]
    if row.codes:
        assert document["code"] in row.codes


@pytest.mark.parametrize("route", JSON_ROUTES, ids=named)
def test_no_body_is_one_only_where_nothing_has_to_be_said(route: Route, door: Door, services: FakeServices) -> None:
    if route in ACTIONS:
        answer = send(door, route, replace(EMPTY, content_type=""), services)
        assert answer.status_code in (200, 204), answer.text
    else:
        check(send(door, route, EMPTY, services), EMPTY)


@pytest.mark.parametrize("route", JSON_ROUTES, ids=named)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_bad_body_is_refused_on_every_json_route(row: Row, route: Route, door: Door, services: FakeServices) -> None:
    check(send(door, route, row, services), row)


def test_an_action_in_which_nothing_has_to_be_said_takes_no_body(door: Door, services: FakeServices) -> None:
    staff = bearer(roles=OPERATOR)
    assert door.client.post("/v1/organizations/thing/orient", headers=staff).status_code == 200
    assert services.asked("cmd.members.orient_organization.v1")[-1]["data"] == {"id": "thing"}
    assert door.client.post("/v1/organizations/thing/suspend", headers=staff).status_code == 415, "it needs a reason"


@pytest.mark.parametrize("route", [route for route in JSON_ROUTES if route.path != INGEST], ids=named)
@pytest.mark.parametrize("row", FIELD_ROWS, ids=lambda row: row.name)
def test_a_body_that_is_no_command_is_refused_before_any_service_is_asked(
    row: Row, route: Route, door: Door, services: FakeServices
) -> None:
    check(send(door, route, row, services), row)
    assert [subject for subject, _ in services.heard if subject.startswith("cmd.")] == []


@pytest.mark.parametrize("route", [route for route in JSON_ROUTES if route.path != INGEST], ids=named)
def test_an_unknown_field_is_named_and_its_value_is_not_echoed(
    route: Route, door: Door, services: FakeServices
) -> None:
    row = Row("H14", b'{"is_admin":"canary-value"}', 422)
    answer = send(door, route, row, services)
    check(answer, row)
    faults = {each["path"]: each["code"] for each in answer.json()["errors"]}
    assert faults["/is_admin"] == "unknown-field"
    assert "canary-value" not in answer.text


STRICT = [route for route in ROUTES if route.path.startswith("/v1/") and route.path != CALLBACK]


@pytest.mark.parametrize("route", STRICT, ids=named)
def test_an_unknown_query_parameter_is_refused_everywhere_below_v1(
    route: Route, door: Door, services: FakeServices
) -> None:
    for query in ("id[$gt]=", "skip=5", "limit=1&limit=2", "x=%ff", "x=%00"):
        path = f"{url(route)}?{query}"
        content = b"{}" if route.method != "GET" else b""
        headers = allowed(route, services) | {"Content-Type": "application/json"}
        answer = door.client.request(route.method, path, content=content, headers=headers)
        assert answer.status_code == 422, (query, answer.text)


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_method_no_door_has_is_405_as_a_problem_document(route: Route, door: Door) -> None:
    for method in ("TRACE", "FOO", "OPTIONS", "CONNECTED"):
        answer = door.client.request(method, url(route), headers={"X-HTTP-Method-Override": route.method})
        assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
        assert route.method in answer.headers["allow"]


@pytest.mark.parametrize("limit", ["-1", "0", "1e9", "101", "1000000000", "x", "5.0", " 5", "9" * 30])
def test_a_limit_out_of_bounds_is_refused(limit: str, door: Door) -> None:
    answer = door.client.get("/v1/bookings", params={"limit": limit}, headers=bearer())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "/limit"


@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "=" * 50, "あ", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "after-b1"])
def test_a_forged_cursor_is_refused(cursor: str, door: Door) -> None:
    answer = door.client.get("/v1/bookings", params={"cursor": cursor}, headers=bearer())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-cursor")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("0001-01-01", "out-of-range"),
        ("9999-12-31", "out-of-range"),
        ("2026-12-15T19:00:00", "timezone-required"),
        ("1765800000", "invalid-time"),
        ("tomorrow", "invalid-time"),
    ],
)
def test_a_bound_that_is_no_time_of_ours_is_refused_by_its_name(value: str, code: str, door: Door) -> None:
    answer = door.client.get("/v1/bookings", params={"from": value}, headers=bearer())
    assert answer.status_code == 422
    assert [(each["path"], each["code"]) for each in answer.json()["errors"]] == [("/from", code)]


def test_an_unknown_sort_is_refused(door: Door) -> None:
    assert door.client.get("/v1/members", params={"sort": "password"}, headers=bearer()).status_code == 422


def test_a_byte_order_mark_is_passed_over(door: Door) -> None:
    body = b'\xef\xbb\xbf{"email":"a@b.example"}'
    answer = door.client.post("/v1/auth/codes", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"starts_at": "2026-12-15T19:00:00"}, "timezone-required"),
        ({"starts_at": "1765800000"}, "invalid-time"),
        ({"starts_at": 1765800000}, "wrong-type"),
        ({"starts_at": "2026-12-15T23:59:60Z"}, "invalid-time"),
        ({"starts_at": "10000-01-01T00:00:00Z"}, "invalid-time"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "out-of-range"),
        ({"starts_at": "2026-12-15T19:00:00+99:00"}, "invalid-time"),
        ({"starts_at": "令和8年12月15日"}, "invalid-time"),
        ({"starts_at": "2026-12-15T24:00:00Z"}, "invalid-time"),
        ({"starts_at": "2026-W51-2T19:00:00Z"}, "invalid-time"),
        ({"attendees": "5"}, "wrong-type"),
        ({"attendees": True}, "wrong-type"),
        ({"purpose": {"$ne": None}}, "invalid-key"),
        ({"purpose": {"ne": None}}, "wrong-type"),
        ({"purpose": "bell\u0007"}, "control-characters"),
        ({"mode": "steal"}, "unknown-value"),
    ],
)
def test_a_wrong_value_has_its_own_code(change: dict[str, object], code: str, door: Door) -> None:
    body = {"site": "nyc", "resource": "room-a", "starts_at": "2026-12-15T19:00:00Z", "ends_at": "2026-12-15T20:00:00Z"}
    answer = door.client.post("/v1/bookings", json=body | change, headers=bearer() | key())
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_an_unknown_zone_has_its_own_code(door: Door) -> None:
    for zone in ("Mars/Base", "JST", "EST", "../../etc/passwd"):
        body = {"name": {"en": "X"}, "kind": "guest", "home_zone": zone}
        answer = door.client.post("/v1/organizations", json=body, headers=bearer(roles=["operator"]) | key())
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown-timezone")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 404), ("/v1", 404), ("/v1/bookings/", 404), ("/v1/nothing", 404), ("/V1/bookings", 404), ("//v1/me", 404)],
)
def test_a_path_that_is_not_there_is_a_problem_document(path: str, status: int, door: Door) -> None:
    answer = door.client.get(path, headers=bearer())
    assert (answer.status_code, answer.json()["code"]) == (status, "not-found")


def test_accept_html_gets_json_all_the_same(door: Door) -> None:
    answer = door.client.get("/v1/bookings", headers=bearer() | {"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "idempotency-key-required"),
        ({"Idempotency-Key": "x" * 256}, 400, "idempotency-key-malformed"),
        ({"Idempotency-Key": "a b"}, 400, "idempotency-key-malformed"),
        ({"Idempotency-Key": "é"}, 400, "idempotency-key-malformed"),
    ],
)
def test_a_create_needs_a_key_of_visible_ascii(headers: dict[str, str], status: int, code: str, door: Door) -> None:
    sent = {name.encode(): value.encode("latin-1") for name, value in (bearer() | headers).items()}
    answer = door.client.post("/v1/bookings", json={}, headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)

"""Why: every door through which somebody known changes something takes a `reason`, and hands it on; a DELETE too."""

import json
from typing import Any, get_args

import httpx
import pytest

from services.gateway.app import _CALLS
from services.gateway.calls import Call
from services.gateway.doors import Door as Route
from shared.contracts.message import Text
from tests.gateway.conftest import Door
from tests.gateway.fakes import FakeServices
from tests.gateway.test_bad_input import INGEST, ROUTES, allowed, named, url
from tools.contracts.published import contracts
from tools.contracts.samples import sample

CHANGING = [route for route in ROUTES if route.method != "GET" and not route.policy.anonymous and route.path != INGEST]
"""But for the doors for anyone, where nobody has a name yet, and a site's events, which are not commands of ours."""
CALLS: dict[tuple[str, str], Call] = {(call.method, call.path): call for group in _CALLS.values() for call in group}
LONG = "長" * 1_001
JSON = {"Content-Type": "application/json"}


def field(route: Route) -> Any:
    assert route.paper.body is not None, f"{named(route)} takes no body, so no reason"
    return route.paper.body.model_fields["reason"]


def in_languages(route: Route) -> bool:
    kind = field(route).annotation
    return Text in (kind, *get_args(kind))


def good(route: Route) -> dict[str, Any]:
    """A body the door takes, from the contract's golden sample, without a reason."""
    call = CALLS.get((route.method, route.path))
    whole = sample(contracts()[call.ask.wire]) if call is not None else {}
    return {name: value for name, value in whole.items() if call and name not in {*call.filled, "reason"}}


def send(door: Door, route: Route, services: FakeServices, body: Any = None) -> httpx.Response:
    """Without a body where that is None."""
    headers = allowed(route, services) | ({} if body is None else JSON)
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return door.client.request(route.method, url(route), content=content, headers=headers)


def heard(services: FakeServices) -> list[dict[str, Any]]:
    """The data of the commands that came through."""
    return [envelope["data"] for subject, envelope in services.heard if subject.startswith("cmd.")]


@pytest.mark.parametrize("route", CHANGING, ids=named)
def test_a_reason_that_was_given_is_handed_on_as_it_was_given(route: Route, door: Door, services: FakeServices) -> None:
    reason: Any = (
        {"ja": "鍵の入ったPCを紛失", "en": "The laptop was lost."} if in_languages(route) else "PCを紛失したため"
    )
    answer = send(door, route, services, good(route) | {"reason": reason})
    assert answer.is_success, answer.text
    assert [data["reason"] for data in heard(services)] == [reason]


@pytest.mark.parametrize("route", [route for route in CHANGING if not field(route).is_required()], ids=named)
def test_without_a_reason_the_command_is_what_it_was(route: Route, door: Door, services: FakeServices) -> None:
    answers = [send(door, route, services, good(route))]
    if route.paper.bare:
        answers.append(send(door, route, services))
    assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
    assert len(heard(services)) == len(answers)
    assert not any("reason" in data for data in heard(services))


def test_no_delete_needs_a_body_and_the_document_says_so(door: Door) -> None:
    deletes = [route for route in CHANGING if route.method == "DELETE"]
    assert len(deletes) >= 5
    assert all(route.paper.bare for route in deletes)
    paths = door.client.get("/openapi.json").json()["paths"]
    for route in CHANGING:
        needed = paths[route.path][route.method.lower()]["requestBody"].get("required", False)
        assert needed is not route.paper.bare, named(route)


@pytest.mark.parametrize("route", CHANGING, ids=named)
@pytest.mark.parametrize(
    ("reason", "codes"),
    [
        (LONG, {"too-long"}),
        ("", {"too-short", "blank"}),
        (" \u3000", {"blank"}),
        ("bell\u0007", {"control-characters"}),
        (5, {"wrong-type"}),
        (["lost"], {"wrong-type"}),
        ({"ne": None}, {"wrong-type"}),
    ],
    ids=["too long", "empty", "blank", "a bell", "a number", "a list", "an object"],
)
def test_a_reason_that_is_none_is_refused_by_its_name_and_nobody_is_asked(
    reason: Any, codes: set[str], route: Route, door: Door, services: FakeServices
) -> None:
    bilingual = in_languages(route)
    if (reason, route.path) == ("", "/v1/policy"):
        return  # members says that it needs one: reason-required
    if bilingual and isinstance(reason, str):
        reason = {"ja": reason}
    answer = send(door, route, services, good(route) | {"reason": reason})
    assert answer.status_code == 422, answer.text
    (fault,) = [each for each in answer.json()["errors"] if each["path"].startswith("/reason")]
    assert fault["code"] in codes or bilingual, answer.text
    assert "bell" not in answer.text
    assert heard(services) == []


@pytest.mark.parametrize("route", [route for route in CHANGING if route.method == "DELETE"], ids=named)
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"because", 400, "malformed-json"),
        (b'{"reason":', 400, "malformed-json"),
        (b'{"reason":"a","reason":"b"}', 400, "duplicate-key"),
        (b'"because"', 422, "wrong-type"),
        (b"null", 422, "wrong-type"),
        (b'{"why":"because"}', 422, "unknown-field"),
        (b'{"reason":"because","id":"k2"}', 422, "unknown-field"),
        (b'{"reason":"because","session":"s2","seminar":"s2"}', 422, "unknown-field"),
    ],
)
def test_a_body_of_a_delete_that_is_no_reason_is_refused(
    body: bytes, status: int, code: str, route: Route, door: Door, services: FakeServices
) -> None:
    answer = send(door, route, services, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert heard(services) == []


def test_a_reason_in_the_url_where_others_log_it_is_no_reason(door: Door, services: FakeServices) -> None:
    (route,) = [each for each in CHANGING if named(each) == "DELETE /v1/api-keys/{id}"]
    answer = door.client.delete(f"{url(route)}?reason=lost", headers=allowed(route, services))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-parameter")
    assert heard(services) == []

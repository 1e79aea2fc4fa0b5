"""From where somebody signs in: the network address, and the browser by its cookie."""

import hashlib
from collections.abc import Callable

import httpx
import pytest

from services.gateway.browsers import COOKIE
from shared.contracts.members import BeginSignIn, CreateSession, RequestSignInCode
from tests.gateway.conftest import Door
from tests.gateway.fakes import FakeServices

CODES, SESSIONS = "/v1/auth/codes", "/v1/auth/sessions"
EMAIL = {"email": "hanako@bio.example"}


def page(door: Door) -> dict[str, str]:
    """What a page of our own sends with each POST."""
    return {"Origin": str(door.client.base_url).rstrip("/")}


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0].partition("=")[2]


def test_a_browser_gets_a_cookie_of_its_own_and_members_only_its_hash(door: Door, services: FakeServices) -> None:
    asked = door.client.post(CODES, json=EMAIL, headers=page(door))
    attributes = {part.strip().lower() for part in asked.headers["set-cookie"].split(";")[1:]}
    assert asked.headers["set-cookie"].startswith(f"{COOKIE}=")
    assert attributes == {"httponly", "secure", "samesite=lax", "path=/", "max-age=600"}
    value = cookie_of(asked)
    headers = page(door) | {"Cookie": f"{COOKIE}={value}; theme=dark"}
    again = door.client.post(SESSIONS, json=EMAIL | {"code": "12345678"}, headers=headers)
    assert cookie_of(again) == value
    digest = hashlib.sha256(value.encode()).hexdigest()
    (first,), (second,) = services.asked(RequestSignInCode.wire), services.asked(CreateSession.wire)
    assert first["data"]["browser"] == second["data"]["browser"] == digest
    door.client.cookies.clear()


@pytest.mark.parametrize("value", ["short", "x" * 44, "a" * 42 + "!", ""])
def test_a_cookie_that_is_none_of_ours_is_replaced(value: str, door: Door) -> None:
    answer = door.client.post(CODES, json=EMAIL, headers=page(door) | {"Cookie": f"{COOKIE}={value}"})
    assert len(cookie_of(answer)) == 43
    door.client.cookies.clear()


def test_a_program_gets_no_cookie_and_is_no_browser(door: Door, services: FakeServices) -> None:
    headers = {"Cookie": f"{COOKIE}={'a' * 43}"}
    for path, body in ((CODES, EMAIL), (SESSIONS, EMAIL | {"code": "12345678"})):
        answer = door.client.post(path, json=body, headers=headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    heard = services.asked(RequestSignInCode.wire) + services.asked(CreateSession.wire)
    assert [each["data"].get("browser") for each in heard] == [None, None]


def test_a_page_of_another_origin_that_may_ask_has_no_cookies_of_ours(
    another_door: Callable[..., Door], services: FakeServices
) -> None:
    allowing = another_door(allowed_origins='["https://app.example"]')
    services.heard.clear()
    answer = allowing.client.post(CODES, json=EMAIL, headers={"Origin": "https://app.example"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    assert services.asked(RequestSignInCode.wire)[0]["data"]["browser"] is None


def test_nobody_can_say_themselves_from_where_they_ask(door: Door, services: FakeServices) -> None:
    for field, value in (("client", "203.0.113.7"), ("browser", "a" * 64)):
        answer = door.client.post(CODES, json=EMAIL | {field: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown-field")
    for field in ("client", "browser"):
        assert door.client.get("/v1/auth/oidc/o1/start", params={field: "a" * 64}).status_code == 422
    assert services.asked(RequestSignInCode.wire) == services.asked(BeginSignIn.wire) == []


def test_the_address_is_the_sockets_and_a_header_is_believed_of_our_own_proxies_alone(
    another_door: Callable[..., Door], door: Door, services: FakeServices
) -> None:
    proxied = another_door(trusted_proxies='["127.0.0.0/8", "10.0.0.0/8"]')
    sent = {"X-Forwarded-For": "192.0.2.1, 203.0.113.7, 10.1.2.3"}
    for asked in (door, proxied):
        assert asked.client.post(CODES, json=EMAIL, headers=sent).status_code == 200
        assert asked.client.get("/v1/auth/oidc/o1/start", headers=sent).status_code == 200
    door.client.cookies.clear()
    for wire in (RequestSignInCode.wire, BeginSignIn.wire):
        assert [each["data"]["client"] for each in services.asked(wire)] == ["127.0.0.1", "203.0.113.7"]

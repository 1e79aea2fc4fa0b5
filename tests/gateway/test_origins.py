"""Row H27: which pages may ask, and what their browsers hear, as the Fetch standard has them ask."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices
from tests.support.eventually import eventually
from tests.support.servers import Servers

PAGE = "https://lounge.example"


@pytest.fixture(scope="module")
def naming(servers: Servers, services: FakeServices) -> Iterator[Door]:
    """A gateway that one other origin's pages may ask."""
    door = Door(servers, allowed_origins=f'["{PAGE}"]', rate_principal_burst=3, rate_principal_refill=0.01)
    eventually(door.is_ready, what="the gateway to be ready")
    yield door
    door.stop()


def words(answer: httpx.Response, name: str) -> set[str]:
    """Of a list in headers, in lower case."""
    return {word.strip().lower() for word in answer.headers.get(name, "").split(",") if word.strip()}


def asked_first(door: Door, origin: str, path: str = "/v1/bookings") -> httpx.Response:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    return door.client.options(path, headers={"Origin": origin, **wanted})


def test_h27_only_pages_of_our_own_origin_and_of_those_named_may_ask(another_door: Callable[..., Door]) -> None:
    door = another_door(allowed_origins=f'["{PAGE}"]')
    own = str(door.client.base_url).rstrip("/")

    def asked_from(origin: str) -> tuple[int, str]:
        answer = door.client.get("/v1/bookings", headers={**bearer(), "Origin": origin})
        return answer.status_code, answer.json().get("code", "")

    assert [asked_from(good) for good in (own, "https://lounge.example")] == [(200, "")] * 2
    foreign = ("https://evil.example", "null", "https://lounge.example.evil.example", f"{own}.evil.example")
    assert [asked_from(bad) for bad in foreign] == [(403, "origin-not-allowed")] * 4


def test_a_named_page_is_told_what_it_may_send_and_where(naming: Door) -> None:
    answer = asked_first(naming, PAGE)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert words(answer, "access-control-allow-methods") == {"get", "post"}
    sent = {"authorization", "content-type", "idempotency-key", "if-match", "acting-organization", "last-event-id"}
    assert sent <= words(answer, "access-control-allow-headers")
    assert "origin" in words(answer, "vary")
    assert "access-control-allow-credentials" not in answer.headers


def test_a_named_page_may_read_answers_and_refusals(naming: Door) -> None:
    for path, status in (("/v1/bookings/b1", 200), ("/v1/nothing", 404), ("/v1/bookings/b1", 200)):
        answer = naming.client.get(path, headers={**bearer(sub="reader"), "Origin": PAGE})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, PAGE)
        readable = words(answer, "access-control-expose-headers")
        assert {"etag", "location", "retry-after", "idempotent-replay", "x-request-id"} <= readable
        assert "origin" in words(answer, "vary")
        assert "access-control-allow-credentials" not in answer.headers
    naming.client.get("/v1/bookings", headers=bearer(sub="reader"))
    refused = naming.client.get("/v1/bookings", headers={**bearer(sub="reader"), "Origin": PAGE})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (429, PAGE)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{PAGE}.evil.example", PAGE.upper()])
def test_no_other_page_is_told_anything(origin: str, naming: Door) -> None:
    for answer in (asked_first(naming, origin), naming.client.get("/v1/bookings", headers={"Origin": origin})):
        assert (answer.status_code, answer.json()["code"]) == (403, "origin-not-allowed")
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_who_asks_first_for_nobody_or_for_nothing_is_told_as_ever(naming: Door, door: Door) -> None:
    plain = naming.client.options("/v1/bookings")
    assert (plain.status_code, plain.json()["code"], words(plain, "allow")) == (
        405,
        "method-not-allowed",
        {"get", "post"},
    )
    assert naming.client.options("/v1/bookings", headers={"Origin": PAGE}).status_code == 405
    assert asked_first(naming, PAGE, "/v1/nothing").status_code == 404
    own = str(naming.client.base_url).rstrip("/")
    assert asked_first(naming, own).status_code == 405
    assert asked_first(door, PAGE).status_code == 403


def test_what_a_cache_may_keep_is_kept_by_origin_where_origins_are_named(naming: Door, door: Door) -> None:
    keys = "/.well-known/jwks.json"
    assert words(naming.client.get(keys), "vary") == {"origin"}
    assert words(door.client.get(keys), "vary") == set()

"""Token buckets, concurrency, and what a gateway of other settings does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.limits import Allowance, Buckets, Rate
from services.gateway.refusals import TooManyRequests
from shared.contracts.members import ResolveApiKey
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices, problem


def test_a_bucket_gives_its_burst_then_what_flows_in() -> None:
    buckets = Buckets(Rate(3, 2))
    for _ in range(3):
        buckets.take("m1", at=0)
    with pytest.raises(TooManyRequests):
        buckets.take("m1", at=0)
    buckets.take("m2", at=0)
    buckets.take("m1", at=0.5)
    with pytest.raises(TooManyRequests):
        buckets.take("m1", at=0.6)


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=80))
def test_never_more_than_burst_and_inflow(pauses: list[float]) -> None:
    buckets, at, given_ = Buckets(Rate(5, 10)), 100.0, 0
    for pause in pauses:
        at += pause
        try:
            buckets.take("m1", at=at)
        except TooManyRequests:
            continue
        given_ += 1
    assert given_ <= 5 + 10 * (at - 100) + 1e-6


def test_who_has_no_name_is_counted_by_the_network_one_subscriber_has() -> None:
    allowance = Allowance(Rate(9, 1), Rate(9, 1), Rate(2, 1))
    for address in ("2001:db8:7:1::2", "2001:db8:7:1:5054:ff:fe12:3456"):
        allowance.guess(address).count(at=0)
    with pytest.raises(TooManyRequests):
        allowance.guess("2001:db8:7:1::3").count(at=0)
    allowance.guess("2001:db8:7:2::3").count(at=0)


def test_a_guess_is_counted_once_and_a_right_one_not_at_all() -> None:
    allowance = Allowance(Rate(9, 1), Rate(9, 1), Rate(2, 0.001))
    for _ in range(5):
        right = allowance.guess("203.0.113.7")
        right.count(at=0)
        right.was_right()
    for _ in range(2):
        wrong = allowance.guess("203.0.113.7")
        wrong.count(at=0)
        wrong.count(at=0)
    refused = allowance.guess("203.0.113.7")
    with pytest.raises(TooManyRequests):
        refused.count(at=0)
    refused.was_right()
    with pytest.raises(TooManyRequests):
        allowance.guess("203.0.113.7").count(at=0)


def test_a_principal_who_asks_too_much_is_slowed_and_others_are_not(
    another_door: Callable[..., Door], services: FakeServices
) -> None:
    door = another_door(rate_principal_burst=5, rate_principal_refill=0.01, rate_organization_factor=2)
    me, colleague, stranger = bearer(), bearer(sub="m2"), bearer(sub="m3", org="o9", orgs=["o9"])
    assert [door.client.get("/v1/bookings", headers=me).status_code for _ in range(6)] == [200] * 5 + [429]
    refused = door.client.get("/v1/bookings", headers=me)
    assert (refused.json()["code"], int(refused.headers["retry-after"]) > 1) == ("too-many-requests", True)
    assert [door.client.get("/v1/bookings", headers=colleague).status_code for _ in range(5)] == [200] * 5
    third = door.client.get("/v1/bookings", headers=bearer(sub="m4"))
    assert third.status_code == 429
    assert door.client.get("/v1/bookings", headers=stranger).status_code == 200
    assert services.asked("qry.booking.bookings.v1")


def test_who_guesses_credentials_is_slowed_and_who_has_one_is_not(another_door: Callable[..., Door]) -> None:
    door = another_door(rate_anonymous_burst=5, rate_anonymous_refill=0.01)
    guesses = [{"Authorization": f"Bearer guess-{n}"} for n in range(4)] + [{}, {}]
    assert [door.client.get("/v1/me", headers=guess).status_code for guess in guesses] == [401] * 5 + [429]
    assert door.client.get("/v1/me", headers=bearer()).status_code == 200
    assert door.client.get("/health/ready").status_code == 200


def test_guessed_keys_cost_members_no_more_than_the_address_may_ask_whatever_becomes_of_them(
    another_door: Callable[..., Door], services: FakeServices
) -> None:
    door = another_door(rate_anonymous_burst=3, rate_anonymous_refill=0.01)
    good = [f"lk_{n}_{'g' * 40}" for n in range(5)]
    for secret in good:
        services.add_key(secret, kind="site", id="nyc", site="nyc")
    assert [door.client.get("/v1/sites", headers={"X-API-Key": each}).status_code for each in good] == [200] * 5
    services.heard.clear()
    services.answers[ResolveApiKey.wire] = lambda _: problem("unavailable", 503)
    guesses = [{"X-API-Key": f"lk_{n}_{'w' * 40}"} for n in range(5)]
    statuses = [door.client.get("/v1/sites", headers=guess).status_code for guess in guesses]
    assert statuses == [503] * 3 + [429] * 2
    assert len(services.asked(ResolveApiKey.wire)) == 3
    services.api_keys.clear()
    services.answers.clear()


def test_what_anyone_may_read_is_counted_too_and_health_is_not(another_door: Callable[..., Door]) -> None:
    door = another_door(rate_anonymous_burst=5, rate_anonymous_refill=0.01)
    read = ("/asyncapi.json", "/openapi.json", "/metrics", "/problems/not-found", "/.well-known/jwks.json")
    assert [door.client.get(path).status_code for path in read] == [200] * 5
    assert [door.client.get(path).status_code for path in read] == [429] * 5
    assert [door.client.get(f"/health/{each}").status_code for each in ("live", "ready")] == [200, 200]


def test_trying_the_ids_of_organizations_is_counted_as_guessing(another_door: Callable[..., Door]) -> None:
    door = another_door(rate_anonymous_burst=2, rate_anonymous_refill=0.01)
    tries = [bearer() | {"Acting-Organization": f"o-{n}"} for n in range(3)]
    assert [door.client.get("/v1/bookings", headers=each).status_code for each in tries] == [403, 403, 429]
    assert door.client.get("/v1/bookings", headers=bearer()).status_code == 200


def test_who_is_refused_by_policy_pays_for_it_too(another_door: Callable[..., Door]) -> None:
    door = another_door(rate_principal_burst=3, rate_principal_refill=0.01)
    me = bearer()
    assert [door.client.get("/v1/ops/status", headers=me).status_code for _ in range(4)] == [403, 403, 403, 429]


def test_more_at_once_than_the_gateway_takes_is_503_with_retry_after(
    another_door: Callable[..., Door], door: Door, services: FakeServices
) -> None:
    small = another_door(concurrency=1)

    def slow(_: dict[str, object]) -> dict[str, object]:
        door.client.get("/health/live")
        return {"status": 200, "data": {"items": [], "next": None}}

    services.answers["qry.booking.bookings.v1"] = slow
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(small.client.get, "/v1/bookings", headers=bearer()) for _ in range(40)]
        answers = [each.result() for each in sent]
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 503}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("over-capacity", "1")

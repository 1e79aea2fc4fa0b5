"""Token buckets, concurrency, and what a gateway of other settings does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.limits import Buckets, Rate
from services.gateway.refusals import TooManyRequests
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices


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

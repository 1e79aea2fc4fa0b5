"""What is the same for all is asked once for those who ask at once, and goes out as it came."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.gateway.app import _CALLS
from services.gateway.calls import Call
from services.gateway.replies import is_plain, passed_on, passes_on, rendered
from shared.contracts.booking import Availability
from shared.contracts.members import ResolveApiKey
from tests.gateway.conftest import Door
from tests.gateway.fakes import FakeServices, ok, problem
from tests.support.eventually import eventually

SAMPLES = Path(__file__).parents[2] / "shared/contracts/samples"
READS = [call for group in _CALLS.values() for call in group if call.reads]
DAY = "/v1/sites/nyc/availability?from=2026-12-15&to=2026-12-16"
MANY = 20
_numbers = count(1)


def asking(door: Door, services: FakeServices, whose: Callable[[int], str] = lambda n: f"m{n}") -> list[httpx.Response]:
    """The answers to one person's question and to those of many others, who ask while it is being answered."""
    secrets = [f"lk_{next(_numbers):040d}" for _ in range(MANY + 1)]
    for n, secret in enumerate(secrets):
        maker = {"id": whose(n), "organization": "o1", "organizations": ["o1"], "roles": ["member"]}
        services.add_key(secret, kind="program", scopes=["bookings:read"], **maker)

    def ask(secret: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{door.port}{DAY}", headers={"X-API-Key": secret}, timeout=15)

    with ThreadPoolExecutor(MANY + 1) as threads:
        with services.holding(Availability.wire):
            asked = [threads.submit(ask, secrets[0])]
            eventually(lambda: len(services.asked(Availability.wire)) == 1, what="the first question")
            asked += [threads.submit(ask, secret) for secret in secrets[1:]]
            eventually(lambda: len(services.asked(ResolveApiKey.wire)) == MANY + 1, what="the others to be let in")
        return [each.result() for each in asked]


def test_who_asks_while_one_is_answered_shares_the_next_answer_and_never_that_one(
    door: Door, services: FakeServices
) -> None:
    services.answers[Availability.wire] = lambda _: ok({"number": len(services.asked(Availability.wire))})
    first, *others = asking(door, services)
    assert first.json() == {"number": 1}
    assert all(each.json()["number"] > 1 for each in others)
    assert len(services.asked(Availability.wire)) < MANY / 2
    assert {each["principal"]["id"] for each in services.asked(Availability.wire)} < {f"m{n}" for n in range(MANY + 1)}


def test_whoever_is_refused_what_they_asked_with_others_is_so_in_their_own_name(
    door: Door, services: FakeServices
) -> None:
    services.answers[Availability.wire] = lambda _: problem("not-found", 404)
    assert {each.status_code for each in asking(door, services)} == {404}
    assert {each["principal"]["id"] for each in services.asked(Availability.wire)} == {f"m{n}" for n in range(MANY + 1)}


def test_other_questions_are_other_answers(door: Door, services: FakeServices) -> None:
    services.answers[Availability.wire] = lambda envelope: ok({"minutes": envelope["data"].get("minutes")})
    services.add_key("lk_" + "q" * 40, kind="site", id="nyc", site="nyc")

    def ask(minutes: int) -> Any:
        url = f"http://127.0.0.1:{door.port}{DAY}&minutes={minutes}"
        return httpx.get(url, headers={"X-API-Key": "lk_" + "q" * 40}, timeout=15).json()

    lengths = [15 * (1 + n % 4) for n in range(MANY)]
    with ThreadPoolExecutor(MANY) as threads:
        assert list(threads.map(ask, lengths)) == [{"minutes": each} for each in lengths]


@pytest.mark.parametrize("call", READS, ids=lambda call: call.ask.wire)
def test_an_answer_that_is_passed_on_is_what_it_would_be_if_it_were_read(call: Call) -> None:
    sample = orjson.loads((SAMPLES / f"{call.ask.wire}.reply.json").read_bytes())
    raw = orjson.dumps(ok(sample))
    assert is_plain(raw)
    if passes_on(call):
        read, passed = rendered(orjson.loads(raw)), passed_on(raw)
        assert (passed.body, passed.status_code, passed.headers) == (read.body, read.status_code, read.headers)
    else:
        assert {"next", "version"} & sample.keys()


@pytest.mark.parametrize(
    "reply",
    [
        ok(None),
        ok({"items": []}, status=201),
        ok({"items": []}, replay=True),
        problem("not-found", 404),
        {"status": 200},
    ],
)
def test_what_has_more_to_tell_than_its_data_is_read(reply: dict[str, Any]) -> None:
    assert not is_plain(orjson.dumps(reply))

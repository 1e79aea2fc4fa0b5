"""No input gets a 5xx: random requests to a whole system of its own, every door, as different people."""

import random
from collections import Counter

import pytest

from tests.support.guesses import Guesser
from tests.support.system import system

PEOPLE = ("operator@linkj.example", "staff@linkj.example", "member-a@special.example", "company@yokohama.example")
LISTS = ("/v1/members", "/v1/organizations", "/v1/seminars", "/v1/sites/nyc/resources")
SEED, REQUESTS = 20221215, 600


@pytest.mark.timeout(240)
def test_no_random_request_gets_more_than_a_refusal() -> None:
    chance, statuses = random.Random(SEED), Counter[int]()
    with system() as lounge:
        clients = [lounge.api(email) for email in PEOPLE]
        listed = [each["id"] for path in LISTS for each in clients[0].get(path).json()["items"]]
        document = clients[0].get("/openapi.json").json()
        for guess in Guesser(document, ["nyc", "tokyo", "nope", *listed], seed=SEED).guesses(REQUESTS):
            answer = chance.choice(clients).request(
                guess.method, guess.path, params=guess.query, headers=guess.headers, content=guess.content
            )
            statuses[answer.status_code] += 1
            assert answer.status_code < 500, (guess, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", guess
        for client in clients:
            client.close()
    assert {200, 403, 404, 422} <= statuses.keys(), statuses

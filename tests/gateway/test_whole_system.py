"""No input gets a 5xx: random requests to a whole system of its own, every door, as different people."""

import random
from collections import Counter

import httpx

from tests.support.eventually import eventually
from tests.support.guesses import Guess, Guesser
from tests.support.system import system

PEOPLE = ("operator@linkj.example", "staff@linkj.example", "member-a@special.example", "company@yokohama.example")
LISTS = ("/v1/members", "/v1/organizations", "/v1/seminars", "/v1/sites/nyc/resources")
SEED, REQUESTS = 20221215, 600


def _answer(client: httpx.Client, guess: Guess) -> httpx.Response:
    """Asked again while the system says that it could not: on a slow machine that is not for what was asked."""

    def asked() -> httpx.Response | None:
        answer = client.request(
            guess.method, guess.path, params=guess.query, headers=guess.headers, content=guess.content
        )
        return None if answer.status_code in (503, 504) else answer

    return eventually(asked, what=f"an answer to {guess}")


def test_no_random_request_gets_more_than_a_refusal() -> None:
    chance, statuses = random.Random(SEED), Counter[int]()
    with system() as lounge:
        clients = [lounge.api(email) for email in PEOPLE]
        listed = [each["id"] for path in LISTS for each in clients[0].get(path).json()["items"]]
        document = clients[0].get("/openapi.json").json()
        for guess in Guesser(document, ["nyc", "tokyo", "nope", *listed], seed=SEED).guesses(REQUESTS):
            answer = _answer(chance.choice(clients), guess)
            statuses[answer.status_code] += 1
            assert answer.status_code < 500, (guess, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", guess
        for client in clients:
            client.close()
    assert {200, 403, 404, 422} <= statuses.keys(), statuses

"""Sign in: a code by e-mail, tokens that rotate, and who one is."""

import json
import re

import httpx

from tests.journeys.conftest import Client
from tests.support.eventually import eventually
from tests.support.system import System

MEMBER = "member-a@special.example"


def codes(lounge: System, email: str) -> list[str]:
    mails = json.loads(lounge.lounge("mail", "--to", email, "--json"))
    return [found[0] for mail in mails if (found := re.findall(r"\b\d{8}\b", mail["text"]))]


def signed_in(lounge: System, email: str) -> dict[str, str]:
    before = len(codes(lounge, email))
    asked = httpx.post(f"{lounge.url}/v1/auth/codes", json={"email": email})
    assert asked.status_code == 202, asked.text
    code = eventually(lambda: codes(lounge, email)[before:], what=f"the code for {email}")[0]
    session = httpx.post(f"{lounge.url}/v1/auth/sessions", json={"email": email, "code": code})
    assert session.status_code == 201, session.text
    tokens: dict[str, str] = session.json()
    return tokens


def me(lounge: System, access_token: str) -> httpx.Response:
    return httpx.get(f"{lounge.url}/v1/me", headers={"Authorization": f"Bearer {access_token}"})


def test_a_code_arrives_by_mail_and_opens_a_session(lounge: System) -> None:
    tokens = signed_in(lounge, MEMBER)
    answer = me(lounge, tokens["access_token"])
    assert answer.status_code == 200
    assert answer.json()["member"]["email"] == MEMBER
    assert set(tokens) >= {"access_token", "token_type", "expires_in", "refresh_token"}


def test_an_unknown_address_gets_the_same_answer_and_no_mail(lounge: System) -> None:
    known = httpx.post(f"{lounge.url}/v1/auth/codes", json={"email": "company@yokohama.example"})
    unknown = httpx.post(f"{lounge.url}/v1/auth/codes", json={"email": "nobody@nowhere.example"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    eventually(lambda: codes(lounge, "company@yokohama.example"), what="the known one's code")
    assert not codes(lounge, "nobody@nowhere.example")


def test_a_refresh_token_rotates_and_answers_the_same_successor_when_its_reply_was_lost(lounge: System) -> None:
    first = signed_in(lounge, "operator@linkj.example")
    url = f"{lounge.url}/v1/auth/sessions/refresh"
    second, repeated = (httpx.post(url, json={"refresh_token": first["refresh_token"]}) for _ in range(2))
    assert (second.status_code, repeated.status_code) == (200, 200)
    assert second.json()["refresh_token"] == repeated.json()["refresh_token"] != first["refresh_token"]
    assert me(lounge, second.json()["access_token"]).status_code == 200


def test_ending_a_session_ends_it(lounge: System) -> None:
    tokens = signed_in(lounge, "staff@linkj.example")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert me(lounge, tokens["access_token"]).status_code == 200
    assert httpx.delete(f"{lounge.url}/v1/auth/sessions/current", headers=bearer).status_code == 204
    again = httpx.post(f"{lounge.url}/v1/auth/sessions/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert (me(lounge, tokens["access_token"]).status_code, again.status_code) == (401, 401)


def test_a_forged_and_a_missing_token_look_the_same(lounge: System, client: Client) -> None:
    good = lounge.token(MEMBER)
    head, body, signature = good.split(".")
    forged = me(lounge, f"{head}.{body}.{signature[:-4]}AAAA")
    missing = httpx.get(f"{lounge.url}/v1/me")
    assert (forged.status_code, missing.status_code) == (401, 401)
    assert {**forged.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
    assert client(MEMBER).get("/v1/me").status_code == 200

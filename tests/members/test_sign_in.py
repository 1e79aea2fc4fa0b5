"""Signing in, over the real servers, with the permissions that hold in production."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from services.members.handlers import ops
from shared.contracts import members as contract
from tests.members.conftest import House, Houses
from tests.members.logged import logged
from tests.members.people import NOBODY, OPS, principal
from tests.members.signing_in import HANAKO, code_for, hanako, read_token, signed_in

FEW = tuple(f"{n:08d}" for n in range(4))


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a_code_by_mail_becomes_tokens_that_say_who_and_for_whom(houses: Houses, driver: str) -> None:
    async with houses(mongo_driver=driver) as house:
        member = await hanako(house)
        tokens = await signed_in(house)
        token = await read_token(house, tokens["access_token"])
        assert token.header["typ"] == "at+jwt"
        said = {k: token.claims[k] for k in ("iss", "aud", "sub", "org", "orgs", "roles", "site", "lang")}
        assert said == {
            "iss": contract.TOKEN_ISSUER,
            "aud": contract.TOKEN_AUDIENCE,
            "sub": member["id"],
            "org": member["organization"],
            "orgs": [member["organization"]],
            "roles": ["member"],
            "site": None,
            "lang": "ja",
        }
        assert token.claims["exp"] - token.claims["iat"] == 600 == tokens["expires_in"]
        assert token.claims["sid"] == tokens["refresh_token"].split(".")[0]
        mail = house.notify.asked[-1]
        assert (mail.email, mail.language) == (HANAKO, "ja")
        assert mail.expires_at == house.wall.at + timedelta(minutes=10)


async def test_an_unknown_address_gets_the_same_answer_and_notify_a_decoy(house: House) -> None:
    await hanako(house)
    known = await house.ask(contract.RequestSignInCode(email=HANAKO), NOBODY)
    unknown = await house.ask(contract.RequestSignInCode(email="nobody@bio.example", language="en"), NOBODY)
    assert (known.status, known.data) == (unknown.status, unknown.data) == (202, {"expires_in": 600})
    assert [(m.email, m.code is None) for m in house.notify.asked] == [(HANAKO, False), ("nobody@bio.example", True)]
    guess = contract.CreateSession(email="nobody@bio.example", code="00000000")
    assert await house.refused(guess, NOBODY) == (401, "wrong-code")


async def test_who_has_left_is_answered_like_an_unknown_address(house: House) -> None:
    member = await hanako(house)
    await house.done(contract.UpdateMember(id=member["id"], active=False))
    await house.done(contract.RequestSignInCode(email=HANAKO), NOBODY)
    assert house.notify.asked[-1].code is None


async def test_without_notify_everyone_gets_503_and_it_costs_no_send(house: House) -> None:
    await hanako(house)
    await house.notify.leave()
    for email in (HANAKO, "nobody@bio.example"):
        for _ in range(4):
            assert await house.refused(contract.RequestSignInCode(email=email), NOBODY) == (503, "unavailable")
    await house.notify.listen()
    assert (await house.ask(contract.CreateSession(email=HANAKO, code=await code_for(house)), NOBODY)).status == 201


async def test_an_address_that_is_none_is_refused(house: House) -> None:
    assert await house.refused(contract.RequestSignInCode(email="a@b, c@d"), NOBODY) == (422, "invalid-email")


@pytest.mark.parametrize("email", [HANAKO, "nobody@bio.example"])
async def test_a_fourth_code_within_a_quarter_hour_is_refused_for_any_address(house: House, email: str) -> None:
    await hanako(house)
    answers = [await house.ask(contract.RequestSignInCode(email=email), NOBODY) for _ in range(10)]
    assert [a.status for a in answers] == [202] * 3 + [429] * 7
    assert answers[-1].problem is not None
    assert answers[-1].problem.members == {"retry_after": 900}
    assert len(house.notify.asked) == 3


@pytest.mark.parametrize("email", [HANAKO, "nobody@bio.example"])
async def test_a6_a_thousand_guesses_are_cut_after_five_for_any_address(house: House, email: str) -> None:
    await hanako(house)
    await house.done(contract.RequestSignInCode(email=email), NOBODY)
    right = house.notify.asked[-1].code
    answers = Counter[tuple[int, str]]()
    for first in range(0, 1_000, 100):
        guesses = [contract.CreateSession(email=email, code=f"{n:08d}") for n in range(first, first + 100)]
        wrong = [guess for guess in guesses if guess.code != right]
        answers += Counter(await asyncio.gather(*(house.refused(guess, NOBODY) for guess in wrong)))
    assert answers == {(401, "wrong-code"): 5, (429, "too-many-attempts"): sum(answers.values()) - 5}
    assert sum(answers.values()) >= 999


async def test_twenty_codes_an_hour_leave_for_one_network_and_refused_ones_cost_it_nothing(house: House) -> None:
    await hanako(house)

    async def asked(n: int, client: str) -> int:
        request = contract.RequestSignInCode(email=f"someone-{n}@bio.example", client=client)
        return (await house.ask(request, NOBODY)).status

    again = contract.RequestSignInCode(email=HANAKO, client="203.0.113.7")
    assert sorted([(await house.ask(again, NOBODY)).status for _ in range(10)]) == [202] * 3 + [429] * 7
    answers = await asyncio.gather(*(asked(n, "203.0.113.7") for n in range(30)))
    assert sorted(answers) == [202] * 17 + [429] * 13
    assert len(house.notify.asked) == 20
    assert await asked(31, "203.0.113.8") == 202
    house.wall.forward(timedelta(hours=1))
    assert await asked(32, "203.0.113.7") == 202
    assert "203.0.113" not in repr(list(house.admin["members"]["sign_in_clients"].find()))


async def test_what_notify_could_not_take_costs_a_network_nothing(house: House) -> None:
    await house.notify.leave()
    request = contract.RequestSignInCode(email=HANAKO, client="203.0.113.7")
    for _ in range(25):
        assert await house.refused(request, NOBODY) == (503, "unavailable")
    await house.notify.listen()
    assert (await house.ask(request, NOBODY)).status == 202


async def test_a_code_asked_for_in_a_browser_is_good_in_that_one_alone(house: House) -> None:
    await hanako(house)
    mine, another = "a" * 64, "b" * 64
    await house.done(contract.RequestSignInCode(email=HANAKO, browser=mine), NOBODY)
    code = house.notify.code()
    for browser in (None, another):
        elsewhere = contract.CreateSession(email=HANAKO, code=code, browser=browser)
        assert await house.refused(elsewhere, NOBODY) == (401, "wrong-code")
    assert (await house.ask(contract.CreateSession(email=HANAKO, code=code, browser=mine), NOBODY)).status == 201
    anywhere = contract.CreateSession(email=HANAKO, code=await code_for(house), browser=mine)
    assert (await house.ask(anywhere, NOBODY)).status == 201


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a6_fifty_right_codes_at_once_open_exactly_one_session(houses: Houses, driver: str) -> None:
    async with houses(mongo_driver=driver) as house:
        await hanako(house)
        session = contract.CreateSession(email=HANAKO, code=await code_for(house))
        answers = await asyncio.gather(*(house.ask(session, NOBODY) for _ in range(50)))
        assert sorted(a.status for a in answers) == [201] + [401] * 49
        assert house.admin["members"]["sessions"].count_documents({}) == 1


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a6_a_hundred_requests_at_once_mail_three_codes_and_thirty_guesses_count_five(
    houses: Houses, driver: str
) -> None:
    async with houses(mongo_driver=driver) as house:
        await hanako(house)
        request = contract.RequestSignInCode(email=HANAKO)
        answers = await asyncio.gather(*(house.ask(request, NOBODY) for _ in range(100)))
        assert sorted(a.status for a in answers) == [202] * 3 + [429] * 97
        assert len(house.notify.asked) == 3
        codes = {m.code for m in house.notify.asked}
        wrong = contract.CreateSession(email=HANAKO, code=next(c for c in FEW if c not in codes))
        answers = await asyncio.gather(*(house.ask(wrong, NOBODY) for _ in range(30)))
        assert sorted(a.status for a in answers) == [401] * 5 + [429] * 25


async def test_after_the_deadline_nothing_is_written_and_code_and_token_are_still_good(house: House) -> None:
    member = await hanako(house)
    late = (504, "deadline-passed")
    assert await house.refused(contract.RequestSignInCode(email=HANAKO), NOBODY, seconds=-1) == late
    assert house.notify.asked == []
    session = contract.CreateSession(email=HANAKO, code=await code_for(house))
    assert await house.refused(session, NOBODY, seconds=-1) == late
    first = await house.done(session, NOBODY)
    refresh = contract.RefreshSession(refresh_token=first["refresh_token"])
    end = contract.EndSession(session=first["refresh_token"].split(".")[0])
    assert await house.refused(refresh, NOBODY, seconds=-1) == late
    assert await house.refused(end, principal(member), seconds=-1) == late
    await house.done(refresh, NOBODY)


async def test_neither_code_nor_tokens_nor_private_keys_are_stored(house: House) -> None:
    await hanako(house)
    code = await code_for(house)
    stored = repr(list(house.admin["members"]["sign_ins"].find()))
    assert code not in stored
    assert "hanako" not in stored
    tokens = await house.done(contract.CreateSession(email=HANAKO, code=code), NOBODY)
    stored = repr([list(house.admin["members"][c].find()) for c in ("sessions", "signing_keys", "sign_ins")])
    assert tokens["refresh_token"].rsplit(".", 1)[1] not in stored
    assert "'d'" not in stored


async def test_rotation_shows_the_new_key_first_and_old_tokens_verify_until_they_expire(house: House) -> None:
    await hanako(house)
    before = await read_token(house, (await house.done(contract.IssueToken(email=HANAKO)))["access_token"])
    shown = await house.done(contract.RotateSigningKeys())
    assert shown["keys"][0]["kid"] == before.header["kid"]
    assert len(shown["keys"]) == 2
    assert await house.done(contract.RotateSigningKeys()) == shown
    still = (await house.done(contract.IssueToken(email=HANAKO)))["access_token"]
    assert (await read_token(house, still)).header["kid"] == before.header["kid"]
    house.wall.forward(timedelta(minutes=7))
    after = await read_token(house, (await house.done(contract.IssueToken(email=HANAKO)))["access_token"])
    assert after.header["kid"] == shown["keys"][1]["kid"]
    assert (await read_token(house, still)).claims["sub"] == after.claims["sub"]
    house.wall.forward(timedelta(minutes=11))
    assert [k["kid"] for k in (await house.done(contract.Jwks(), NOBODY))["keys"]] == [after.header["kid"]]


async def test_replicas_and_restarts_share_the_keys(houses: Houses) -> None:
    async with houses() as one:
        await hanako(one)
        token = (await one.done(contract.IssueToken(email=HANAKO)))["access_token"]
    async with houses(replica=2) as other:
        assert (await read_token(other, token)).claims["lang"] == "ja"


@pytest.mark.parametrize(
    "asked", [contract.IssueToken(email=HANAKO), contract.AddOperator(email=HANAKO), contract.RotateSigningKeys()]
)
async def test_what_is_for_ops_is_for_nobody_else(house: House, asked: Any) -> None:
    member = await hanako(house)
    operator = principal(member | {"roles": ["operator"]})
    for by in (NOBODY, principal(member), operator):
        assert await house.refused(asked, by) == (403, "forbidden")


async def test_for_whom_ops_made_a_token_and_when_keys_were_rotated_stands_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, lines = await hanako(house), logged(monkeypatch, ops)
    issued = await house.done(contract.IssueToken(email=HANAKO), OPS)
    sid = (await read_token(house, issued["access_token"])).claims["sid"]
    keys = (await house.done(contract.RotateSigningKeys(), OPS))["keys"]
    assert lines.said == [
        ("token.issued", {"member": member["id"], "session": sid, "by": "ops"}),
        ("keys.rotated", {"newest": keys[-1]["kid"], "by": "ops"}),
    ]


async def test_a_token_of_ops_needs_a_member_and_can_be_ended(house: House) -> None:
    assert await house.refused(contract.IssueToken(email=HANAKO)) == (404, "not-found")
    member = await hanako(house)
    issued = await house.done(contract.IssueToken(email=HANAKO), OPS)
    assert issued["refresh_token"] is None
    sid = (await read_token(house, issued["access_token"])).claims["sid"]
    await house.ask(contract.EndSession(session=sid), principal(member))
    assert await house.done(contract.RevokedSessions(), NOBODY) == {"sessions": [sid], "next": None}

"""Refresh tokens and the end of sessions, over the real servers (row A5)."""

import asyncio
from datetime import timedelta

import orjson
import pytest

from services.members.handlers import sign_in
from shared.contracts import members as contract
from tests.members.conftest import House, Houses
from tests.members.logged import logged
from tests.members.people import NOBODY, principal
from tests.members.signing_in import hanako, read_token, signed_in
from tests.support.post import post_of
from tests.support.servers import Servers
from tests.support.waiting import until


async def test_refreshing_rotates_and_says_what_is_true_now(house: House) -> None:
    member = await hanako(house)
    first = await signed_in(house)
    await house.done(contract.UpdateMember(id=member["id"], roles=frozenset({"member", "organization_admin"})))
    second = await house.done(contract.RefreshSession(refresh_token=first["refresh_token"]), NOBODY)
    assert second["refresh_token"] != first["refresh_token"]
    token = await read_token(house, second["access_token"])
    assert token.claims["roles"] == ["member", "organization_admin"]


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_twenty_refreshes_at_once_get_the_same_successor(houses: Houses, driver: str) -> None:
    async with houses(mongo_driver=driver) as house:
        await hanako(house)
        refresh = contract.RefreshSession(refresh_token=(await signed_in(house))["refresh_token"])
        answers = await asyncio.gather(*(house.done(refresh, NOBODY) for _ in range(20)))
        assert len({a["refresh_token"] for a in answers}) == 1
        await house.done(contract.RefreshSession(refresh_token=answers[0]["refresh_token"]), NOBODY)


async def test_a_token_used_again_after_ten_seconds_ends_the_session_and_the_gateway_hears_of_it(house: House) -> None:
    await hanako(house)
    first = await signed_in(house)
    second = await house.done(contract.RefreshSession(refresh_token=first["refresh_token"]), NOBODY)
    house.wall.forward(timedelta(seconds=11))
    for token in (first, second, first):
        again = contract.RefreshSession(refresh_token=token["refresh_token"])
        assert await house.refused(again, NOBODY) == (401, "session-ended")
    revoked = await house.done(contract.RevokedSessions(), NOBODY)
    assert revoked == {"sessions": [first["refresh_token"].split(".")[0]], "next": None}
    house.wall.forward(timedelta(minutes=12))
    assert await house.done(contract.RevokedSessions(), NOBODY) == {"sessions": [], "next": None}


async def test_however_many_end_at_once_the_gateways_hear_of_each(house: House) -> None:
    at = house.wall.at
    ended = {f"s{n:05}": at - timedelta(seconds=n // 1_500) for n in range(2_600)}
    house.admin["members"]["sessions"].insert_many(
        [{"_id": session, "member": "m1", "revoked_at": ended_at} for session, ended_at in ended.items()]
    )
    pages: list[list[str]] = []
    after = None
    while after is not None or not pages:
        told = await house.done(contract.RevokedSessions(after=after), NOBODY)
        pages.append(told["sessions"])
        after = told["next"]
    assert [len(page) for page in pages] == [1_000, 1_000, 600]
    heard = [session for page in pages for session in page]
    assert heard == sorted(ended, key=lambda session: (ended[session], session))
    forgotten = await house.done(contract.RevokedSessions(after="forgotten"), NOBODY)
    assert forgotten["sessions"] == pages[0]


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a5_a_reused_token_is_announced_once_in_the_write_that_ends_the_session(
    houses: Houses, servers: Servers, driver: str
) -> None:
    async with houses(mongo_driver=driver) as house, post_of(servers) as post:
        member = await hanako(house)
        first = await signed_in(house)
        await house.done(contract.RefreshSession(refresh_token=first["refresh_token"]), NOBODY)
        house.wall.forward(timedelta(seconds=11))
        reused = contract.RefreshSession(refresh_token=first["refresh_token"])
        answers = await asyncio.gather(*(house.refused(reused, NOBODY) for _ in range(20)))
        assert set(answers) == {(401, "session-ended")}
        sid = first["refresh_token"].split(".")[0]
        sessions = house.admin["members"]["sessions"]
        await until(lambda: sessions.count_documents({"_id": sid, "unsent": {"$exists": False}, "sent": 1}) == 1)
        said = [m for m in await post.all("EVENTS") if m.subject == f"evt.members.session_reused.v1.{sid}"]
        assert [orjson.loads(m.data or b"")["data"] for m in said] == [
            {"id": sid, "member": member["id"], "at": "2026-12-01T03:00:11Z", "version": 1}
        ]
        await signed_in(house)
        assert await house.service.relays["sessions"].republish(house.wall.at) == 1, (
            "a living session has nothing to say"
        )


async def test_a_forged_refresh_token_ends_nothing(house: House) -> None:
    await hanako(house)
    first = (await signed_in(house))["refresh_token"]
    forged = first.rsplit(".", 1)[0] + "." + "0" * 64
    for text in (forged, "nonsense", f"unknown.0.{'0' * 64}"):
        again = contract.RefreshSession(refresh_token=text)
        assert await house.refused(again, NOBODY) == (401, "session-ended")
    await house.done(contract.RefreshSession(refresh_token=first), NOBODY)


async def test_signing_out_ends_the_own_session_and_no_other(house: House) -> None:
    member = await hanako(house)
    tokens = await signed_in(house)
    end = contract.EndSession(session=tokens["refresh_token"].split(".")[0])
    stranger = principal(member | {"id": "stranger"})
    assert (await house.ask(end, stranger)).status == 204
    tokens = await house.done(contract.RefreshSession(refresh_token=tokens["refresh_token"]), NOBODY)
    for _ in range(2):
        assert (await house.ask(end, principal(member))).status == 204
    again = contract.RefreshSession(refresh_token=tokens["refresh_token"])
    assert await house.refused(again, NOBODY) == (401, "session-ended")


async def test_who_ended_or_renewed_which_session_stands_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = await hanako(house)
    tokens = await signed_in(house)
    lines, sid = logged(monkeypatch, sign_in), tokens["refresh_token"].split(".")[0]
    await house.done(contract.RefreshSession(refresh_token=tokens["refresh_token"]), NOBODY)
    assert lines.said == [("session.refreshed", {"session": sid, "member": member["id"]})]
    end = contract.EndSession(session=sid)
    await house.ask(end, principal(member | {"id": "stranger"}))
    assert len(lines.said) == 1, "another's was not ended"
    await house.ask(end, principal(member))
    assert lines.said[1:] == [("session.ended", {"session": sid, "member": member["id"]})]


async def test_who_is_made_inactive_gets_no_further_token(house: House) -> None:
    member = await hanako(house)
    tokens = await signed_in(house)
    await house.done(contract.UpdateMember(id=member["id"], active=False))
    again = contract.RefreshSession(refresh_token=tokens["refresh_token"])
    assert await house.refused(again, NOBODY) == (401, "session-ended")

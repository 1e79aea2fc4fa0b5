"""Who leaves, loses a role or gets another address: everything that speaks as them ends, and they cannot undo it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts import members as contract
from shared.contracts.message import Principal
from shared.kit import crash
from tests.members.asking import operator
from tests.members.conftest import House
from tests.members.people import NOBODY, person, principal
from tests.members.signing_in import HANAKO, code_for, hanako, signed_in
from tests.members.test_api_keys import let_in, resolve
from tests.support.waiting import until

ENDED = (401, "session-ended")
ENDS: list[dict[str, Any]] = [
    {"active": False},
    {"roles": frozenset({"member"})},
    {"email": "hanako.new@bio.example"},
]


@pytest.fixture(autouse=True)
def whole() -> Iterator[None]:
    yield
    crash.configure("")


def refresh(tokens: dict[str, Any]) -> contract.RefreshSession:
    return contract.RefreshSession(refresh_token=tokens["refresh_token"])


def sid(tokens: dict[str, Any]) -> str:
    return str(tokens["refresh_token"].split(".")[0])


async def revoked(house: House) -> list[str]:
    """As gateways are told."""
    told: list[str] = (await house.done(contract.RevokedSessions(), NOBODY))["sessions"]
    return told


async def an_admin(house: House) -> dict[str, Any]:
    return await hanako(house, roles=frozenset({"member", "organization_admin"}))


@pytest.mark.parametrize("kind", ["member", "program"])
async def test_who_was_deactivated_undoes_it_with_no_token_and_no_key(house: House, kind: str) -> None:
    first, second = await operator(house), await operator(house, "second@linkj.example")
    still = second.model_copy(update={"kind": kind})
    await house.done(contract.UpdateMember(id=second.id, active=False), first)
    refused = ENDED if kind == "member" else (401, "unknown-api-key")
    for asked in (
        contract.UpdateMember(id=second.id, active=True),
        contract.UpdateMember(id=second.id, language="en"),
        person(second.organization or "", "third@linkj.example", roles=frozenset({"operator"})),
        contract.ListMembers(),
        contract.GetPolicy(),
        contract.ListErasures(),
    ):
        assert await house.refused(asked, still) == refused, asked
    assert (await house.done(contract.GetMember(id=second.id), first))["active"] is False


async def test_who_lost_a_role_has_it_no_more_whatever_their_token_says(house: House) -> None:
    first, second = await operator(house), await operator(house, "second@linkj.example")
    await house.done(contract.UpdateMember(id=second.id, roles=frozenset({"member"})), first)
    for asked in (
        contract.UpdateMember(id=second.id, roles=frozenset({"operator"})),
        person(second.organization or "", "third@linkj.example", roles=frozenset({"operator"})),
        contract.GetPolicy(),
        contract.ListErasures(),
    ):
        assert await house.refused(asked, second) == (403, "forbidden"), asked
    assert [each["id"] for each in (await house.done(contract.ListMembers(), second))["items"]] == [second.id]
    assert await house.refused(contract.GetMember(id=first.id), second) == (404, "not-found")
    await house.done(contract.UpdateMember(id=second.id, language="en"), second)


async def test_a_role_given_comes_with_the_next_token_and_an_organization_left_goes_at_once(house: House) -> None:
    member = await an_admin(house)
    less = principal(member | {"roles": ["member"]})
    assert await house.refused(person(member["organization"], "x@bio.example"), less) == (403, "forbidden")
    elsewhere = principal(member | {"organization": "elsewhere", "organizations": ["elsewhere"]})
    assert await house.refused(contract.ListMembers(), elsewhere) == (403, "not-your-organization")


@pytest.mark.parametrize("change", ENDS)
async def test_sessions_end_with_it_and_stay_ended(house: House, change: dict[str, Any]) -> None:
    member = await an_admin(house)
    tokens = await signed_in(house)
    await house.done(contract.UpdateMember(id=member["id"], **change))
    assert await revoked(house) == [sid(tokens)]
    back = contract.UpdateMember(id=member["id"], active=True, roles=frozenset(member["roles"]), email=HANAKO)
    await house.done(back)
    assert await house.refused(refresh(tokens), NOBODY) == ENDED
    again = await house.done(contract.CreateSession(email=HANAKO, code=await code_for(house)), NOBODY)
    await house.done(contract.UpdateMember(id=member["id"], language="en"))
    await house.done(refresh(again), NOBODY)


@pytest.mark.parametrize(
    "change", [{"language": "en"}, {"email": "Hanako@Bio.example"}, {"roles": frozenset({"member", "operator"})}]
)
async def test_what_takes_nothing_away_ends_nothing(house: House, change: dict[str, Any]) -> None:
    member = await hanako(house)
    tokens = await signed_in(house)
    await house.done(contract.UpdateMember(id=member["id"], **change))
    await house.done(refresh(tokens), NOBODY)
    assert await revoked(house) == []


async def test_own_keys_end_with_leaving_and_a_site_s_stays(house: House) -> None:
    first, second = await operator(house), await operator(house, "second@linkj.example")
    own = await house.done(contract.CreateApiKey(name="mine"), second)
    site = await house.done(contract.CreateApiKey(name="osaka", site="osaka"), second)
    await house.done(contract.UpdateMember(id=second.id, roles=frozenset({"member"})), first)
    await let_in(house, own["secret"])
    await house.done(contract.UpdateMember(id=second.id, active=False), first)
    assert (await house.done(contract.GetApiKey(id=own["id"]), first))["revoked_at"] is not None
    await house.done(contract.UpdateMember(id=second.id, active=True), first)
    assert await house.refused(resolve(own["secret"]), NOBODY) == (401, "unknown-api-key")
    await let_in(house, site["secret"])
    back = second.model_copy(update={"roles": frozenset({"member"})})
    newer = await house.done(contract.CreateApiKey(name="newer"), back)
    await house.done(contract.UpdateMember(id=second.id, language="en"), first)
    await let_in(house, newer["secret"])


async def died_behind_the_write(house: House, key: str) -> tuple[Principal, dict[str, Any], dict[str, Any]]:
    """Hanako, deactivated by a replica that died behind the write; her tokens, her key."""
    me = principal(await hanako(house))
    tokens, own = await signed_in(house), await house.done(contract.CreateApiKey(name="mine"), me)
    crash.configure("store.after_write:raise")
    assert (await house.ask(contract.UpdateMember(id=me.id, active=False), key=key)).status == 500
    crash.configure("")
    assert await revoked(house) == []
    return me, tokens, own


async def test_the_write_alone_has_ended_it(house: House) -> None:
    me, tokens, own = await died_behind_the_write(house, "k1")
    members = house.admin["members"]["members"]
    members.update_one({"_id": me.id}, {"$set": {"active": True}})  # back, before anything was marked
    assert await house.refused(refresh(tokens), NOBODY) == ENDED
    assert await house.refused(resolve(own["secret"]), NOBODY) == (401, "unknown-api-key")


async def test_a_retry_of_the_same_command_marks_what_ended(house: House) -> None:
    me, tokens, own = await died_behind_the_write(house, "k1")
    again = await house.ask(contract.UpdateMember(id=me.id, active=False), key="k1")
    assert (again.status, again.replay) == (200, True)
    assert await revoked(house) == [sid(tokens)]
    assert (await house.done(contract.GetApiKey(id=own["id"])))["revoked_at"] is not None


async def test_without_a_retry_the_event_has_it_marked(house: House) -> None:
    me, tokens, own = await died_behind_the_write(house, "k1")

    house.wall.forward(timedelta(seconds=3))  # a relay's sweep takes up what its writer did not say

    async def is_marked() -> bool:
        key = await house.done(contract.GetApiKey(id=own["id"]))
        return await revoked(house) == [sid(tokens)] and key["revoked_at"] is not None

    await until(is_marked)
    assert (await house.done(contract.GetMember(id=me.id)))["active"] is False

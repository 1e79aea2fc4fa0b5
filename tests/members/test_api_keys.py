"""API keys of programs and sites, over the real servers."""

import hashlib
from datetime import timedelta
from typing import Any

from shared.contracts import members as contract
from shared.contracts.message import Principal
from tests.members.conftest import House
from tests.members.people import NOBODY, OPS, company, person, principal


async def someone(house: House, email: str = "hanako@bio.example", **more: Any) -> Principal:
    org = await house.done(company())
    return principal(await house.done(person(org["id"], email, **more)))


def resolve(secret: str) -> contract.ResolveApiKey:
    return contract.ResolveApiKey(hash=hashlib.sha256(secret.encode()).hexdigest())


async def let_in(house: House, secret: str) -> Principal:
    """The principal, read as the gateway reads it."""
    return contract.PrincipalView.model_validate(await house.done(resolve(secret), NOBODY)).principal()


async def test_a_program_acts_as_its_maker_with_its_scopes(house: House) -> None:
    me = await someone(house)
    made = await house.done(contract.CreateApiKey(name="feed", scopes=("bookings:read", "bookings:read")), me)
    assert made["secret"].startswith(made["prefix"] + "_")
    assert made["scopes"] == ["bookings:read"]
    program = await let_in(house, made["secret"])
    assert program == me.model_copy(
        update={"kind": "program", "scopes": frozenset({"bookings:read"}), "language": "ja", "key": made["id"]}
    )
    wish = contract.CreateApiKey(name="more", scopes=("bookings:write",))
    assert await house.refused(wish, program) == (403, "forbidden")


async def test_a_scope_that_does_not_exist_is_refused_and_nothing_is_made(house: House) -> None:
    me = await someone(house)
    for scopes in (("everything",), ("bookings:read", "bookings:admin")):
        assert await house.refused(contract.CreateApiKey(name="feed", scopes=scopes), me) == (422, "unknown-scope")
    assert (await house.done(contract.ListApiKeys(), me))["items"] == []


async def test_a_program_loses_the_role_its_maker_loses(house: House) -> None:
    me = await someone(house, roles=frozenset({"member", "organization_admin"}))
    made = await house.done(contract.CreateApiKey(name="feed", scopes=("members:write",)), me)
    assert (await let_in(house, made["secret"])).roles == {"member", "organization_admin"}
    await house.done(contract.UpdateMember(id=me.id, roles=frozenset({"member"})))
    assert (await let_in(house, made["secret"])).roles == {"member"}


async def test_a_sites_key_acts_as_the_site(house: House) -> None:
    made = await house.done(contract.CreateApiKey(name="osaka", site="osaka", scopes=("events:write",)), OPS)
    site = await let_in(house, made["secret"])
    scopes = frozenset({"events:write"})
    assert site == Principal(kind="site", id="osaka", site="osaka", scopes=scopes, key=made["id"])


async def test_the_secret_is_told_once_and_kept_as_a_hash(house: House) -> None:
    me = await someone(house)
    wish = contract.CreateApiKey(name="feed")
    made = await house.ask(wish, me, key="k1")
    again = await house.ask(wish, me, key="k1")
    assert (again.status, again.replay) == (201, True)
    assert again.data == made.data | {"secret": None}
    stored = repr(list(house.admin["members"]["api_keys"].find()))
    assert made.data["secret"][len("lk_12345678_") :] not in stored


async def test_a_key_stops_when_revoked_expired_or_its_maker_leaves(house: House) -> None:
    me = await someone(house)
    revoked = await house.done(contract.CreateApiKey(name="a"), me)
    soon = contract.CreateApiKey(name="b", expires_at=house.wall.at + timedelta(hours=1))
    expired, orphan = await house.done(soon, me), await house.done(contract.CreateApiKey(name="c"), me)
    for _ in range(2):
        assert (await house.done(contract.RevokeApiKey(id=revoked["id"]), me))["version"] == 2
    assert await house.refused(resolve(revoked["secret"]), NOBODY) == (401, "unknown-api-key")
    assert expired["expires_at"] == "2026-12-01T04:00:00+00:00"
    await let_in(house, expired["secret"])
    house.wall.forward(timedelta(hours=1))
    assert await house.refused(resolve(expired["secret"]), NOBODY) == (401, "unknown-api-key")
    past = contract.CreateApiKey(name="d", expires_at=house.wall.at)
    assert await house.refused(past, me) == (422, "expires-in-the-past")
    await house.done(contract.UpdateMember(id=me.id, active=False))
    assert await house.refused(resolve(orphan["secret"]), NOBODY) == (401, "unknown-api-key")
    assert await house.refused(resolve("never was"), NOBODY) == (401, "unknown-api-key")


async def test_a_key_stops_when_its_maker_leaves_the_organization_it_was_made_for(house: House) -> None:
    me = await someone(house)
    made = await house.done(contract.CreateApiKey(name="a"), me)
    elsewhere = await house.done(company("別の会社"))
    await house.done(contract.UpdateMember(id=me.id, organization=elsewhere["id"]))
    assert await house.refused(resolve(made["secret"]), NOBODY) == (401, "unknown-api-key")


async def test_when_it_was_last_used_is_told_and_survives_a_change(house: House) -> None:
    me = await someone(house)
    made = await house.done(contract.CreateApiKey(name="a"), me)
    assert made["last_used_at"] is None
    await let_in(house, made["secret"])
    house.wall.forward(timedelta(seconds=30))
    await let_in(house, made["secret"])
    seen = await house.done(contract.GetApiKey(id=made["id"]), me)
    assert (seen["last_used_at"], seen["version"]) == ("2026-12-01T03:00:00+00:00", 1)
    house.wall.forward(timedelta(seconds=31))
    await let_in(house, made["secret"])
    revoked = await house.done(contract.RevokeApiKey(id=made["id"]), me)
    assert revoked["last_used_at"] == "2026-12-01T03:01:01+00:00"


async def test_everyone_sees_their_own_keys_an_operator_all(house: House) -> None:
    me, other = await someone(house), await someone(house, "taro@bio.example")
    mine = [await house.done(contract.CreateApiKey(name=name), me) for name in "abc"]
    page = await house.done(contract.ListApiKeys(limit=2), me)
    rest = await house.done(contract.ListApiKeys(limit=2, after=page["next"]), me)
    listed = [k["id"] for k in page["items"] + rest["items"]]
    assert (sorted(listed), rest["next"]) == (sorted(k["id"] for k in mine), None)
    assert "secret" not in page["items"][0]
    assert await house.refused(contract.GetApiKey(id=mine[0]["id"]), other) == (404, "not-found")
    assert await house.refused(contract.RevokeApiKey(id=mine[0]["id"]), other) == (404, "not-found")
    assert (await house.done(contract.ListApiKeys(), other))["items"] == []
    assert len((await house.done(contract.ListApiKeys(), OPS))["items"]) == 3

"""Why: with each change of a person, an organization, its provider, a key, a session; told, and forgotten with them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.contracts import members as contract
from shared.contracts.message import Principal
from shared.kit.documents.chain import Checked, checked
from tests.members.conftest import House, Houses
from tests.members.people import OPS, company, person, principal
from tests.members.provided import provided
from tests.members.signing_in import HANAKO, hanako, signed_in
from tests.members.test_through_gateway import bearer, gateway, issued
from tests.support.certificates import Certificates
from tests.support.servers import Servers
from tests.support.waiting import until

WHY, WHY_NOT = "鍵の入ったPCを紛失したため", "カナリア氏が不要と連絡"


def stored(house: House, collection: str, doc_id: str) -> dict[str, Any]:
    doc = house.admin["members"][collection].find_one({"_id": doc_id})
    assert doc is not None
    return doc


def why(doc: dict[str, Any]) -> list[str | None]:
    """Of each entry of its record, which is whole."""
    assert checked(doc["_id"], doc["log"]) == Checked(entries=len(doc["log"]), chained=len(doc["log"]))
    return [entry.get("reason") for entry in doc["log"]]


def told(answer: httpx.Response) -> list[tuple[str, str, str | None]]:
    """Of a history over HTTP: what was done, by whom, why."""
    assert answer.status_code == 200, answer.text
    return [(each["operation"], each["actor"], each["reason"]) for each in answer.json()["items"]]


async def keys(client: httpx.AsyncClient, token: str, count: int) -> list[dict[str, Any]]:
    headers = bearer(token)
    made = [
        await client.post("/v1/api-keys", json={"name": f"key {n}"}, headers=headers | {"Idempotency-Key": f"k{n}"})
        for n in range(count)
    ]
    assert [each.status_code for each in made] == [201] * count
    return [each.json() for each in made]


async def test_why_a_key_was_revoked_comes_in_the_body_of_a_delete_and_stands_in_its_record(
    houses: Houses, servers: Servers
) -> None:
    async with houses() as house, gateway(servers, house) as client:
        member = await hanako(house)
        token = await issued(house)
        headers = bearer(token)
        with_reason, bare, empty = await keys(client, token, 3)

        async def revoked(key: dict[str, Any], **sent: Any) -> httpx.Response:
            return await client.request("DELETE", f"/v1/api-keys/{key['id']}", headers=headers, **sent)

        for wrong in ({"reason": "x" * 501}, {"reason": 5}, {"because": WHY}):
            assert (await revoked(with_reason, json=wrong)).status_code == 422
        assert (await revoked(with_reason, content=b"lost")).status_code == 415
        answers = [await revoked(with_reason, json={"reason": WHY}), await revoked(bare), await revoked(empty, json={})]
        assert [(each.status_code, each.json()["version"]) for each in answers] == [(200, 2)] * 3
        again = await revoked(with_reason, json={"reason": "another"})
        assert (again.status_code, again.json()["version"]) == (200, 2), "it was revoked before: nothing is written"
        docs = [stored(house, "api_keys", each["id"]) for each in (with_reason, bare, empty)]
        assert [why(doc) for doc in docs] == [[None, WHY], [None, None], [None, None]]
        history = f"/v1/api-keys/{with_reason['id']}/history"
        assert told(await client.get(history, headers=headers)) == [
            (contract.CreateApiKey.wire, member["id"], None),
            (contract.RevokeApiKey.wire, member["id"], WHY),
        ]
        page = (await client.get(f"{history}?limit=1", headers=headers)).json()
        rest = await client.get(f"{history}?cursor={page['next']}", headers=headers)
        assert [len(page["items"]), *(reason for *_, reason in told(rest))] == [1, WHY]
        other = await house.done(person(member["organization"], "taro@bio.example"))
        assert await house.refused(contract.ApiKeyHistory(id=with_reason["id"]), principal(other)) == (404, "not-found")
        assert len((await house.done(contract.ApiKeyHistory(id=with_reason["id"]), OPS))["items"]) == 2


async def test_the_same_key_of_a_request_with_another_reason_is_another_request(house: House) -> None:
    me = principal(await hanako(house))
    made = await house.done(contract.CreateApiKey(name="a"), me)
    revoke = contract.RevokeApiKey(id=made["id"], reason=WHY)
    assert (await house.ask(revoke, me, key="once")).replay is False
    assert (await house.ask(revoke, me, key="once")).replay is True
    for other in (revoke.model_copy(update={"reason": None}), revoke.model_copy(update={"reason": "another"})):
        assert await house.refused(other, me, key="once") == (422, "idempotency-key-reused")
    assert why(stored(house, "api_keys", made["id"])) == [None, WHY]


async def test_why_a_provider_was_removed_comes_in_the_body_of_a_delete_and_stands_in_its_record(
    houses: Houses, servers: Servers, signed: Certificates
) -> None:
    async with provided(houses, signed) as p, gateway(servers, p.house) as client:
        operator = await p.house.done(contract.AddOperator(email="op@linkj.example"), OPS)
        token = (await p.house.done(contract.IssueToken(email="op@linkj.example"), OPS))["access_token"]
        headers, path = bearer(token), f"/v1/organizations/{p.organization}/identity-provider"

        async def removed(**sent: Any) -> httpx.Response:
            return await client.request("DELETE", path, headers=headers, **sent)

        for wrong in ({"reason": "x" * 501}, {"reason": ["why"]}, {"id": "another"}):
            assert (await removed(json=wrong)).status_code == 422
        answer = await removed(json={"reason": WHY})
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await removed(json={"reason": "again"})).status_code == 204
        await p.house.done(p.put(reason="契約を更新"), OPS)
        assert (await removed()).status_code == 204
        assert why(stored(p.house, "identity_providers", p.organization)) == [None, WHY, "契約を更新", None]
        history = told(await client.get(f"{path}/history", headers=headers))
        assert history[1] == (contract.RemoveIdentityProvider.wire, operator["id"], WHY)
        assert [reason for *_, reason in history] == [None, WHY, "契約を更新", None]
        ask = contract.IdentityProviderHistory(id=p.organization)
        assert (await p.house.refused(ask, principal(p.member)))[0] in (403, 404)
        assert await p.house.refused(ask.model_copy(update={"id": "nowhere"}), OPS) == (404, "not-found")


async def test_why_a_session_was_ended_stays_with_it_and_is_no_expression_of_the_database_s(
    houses: Houses, servers: Servers
) -> None:
    async with houses() as house, gateway(servers, house) as client:
        member, odd = await hanako(house), "$$NOW"
        tokens = [await signed_in(house) for _ in range(2)]
        for token, sent in zip(tokens, ({"reason": odd}, None), strict=True):
            headers = bearer(token["access_token"])
            ended = await client.request("DELETE", "/v1/auth/sessions/current", headers=headers, json=sent)
            assert ended.status_code == 204
        ids = [token["refresh_token"].split(".")[0] for token in tokens]
        docs = [stored(house, "sessions", each) for each in ids]
        assert [(doc.get("ended_because"), "revoked_at" in doc) for doc in docs] == [(odd, True), (None, True)]
        for session in ids:  # ended already: why now is not kept
            await house.ask(contract.EndSession(session=session, reason="too late"), principal(member))
        assert [stored(house, "sessions", each).get("ended_because") for each in ids] == [odd, None]
        data = await house.done(contract.PersonalDataInMembers(member=member["id"]), principal(member))
        rows = next(each["rows"] for each in data["sections"] if each["key"] == "sessions")
        assert {row["ended_because"] for row in rows} == {odd, None}


async def test_why_somebody_and_an_organization_were_added_stands_in_their_records(house: House) -> None:
    org = await house.done(company(membership=None).model_copy(update={"reason": "紹介による"}))
    made = await house.done(person(org["id"], "ana@bio.example").model_copy(update={"reason": WHY}))
    assert org["steps"][0]["reason"] == "紹介による"
    for query, reason in (
        (contract.OrganizationHistory(id=org["id"]), "紹介による"),
        (contract.MemberHistory(id=made["id"]), WHY),
    ):
        assert (await house.done(query))["items"][0]["reason"] == reason


async def program_keys(house: House, by: Principal) -> tuple[str, str]:
    """The ids of one of their own, and one of a site's; each made and revoked for a reason."""
    ids = []
    for site in (None, "osaka"):
        wish = contract.CreateApiKey(name="canary", site=site, reason=WHY)
        ids.append((await house.done(wish, by))["id"])
        await house.done(contract.RevokeApiKey(id=ids[-1], reason=WHY_NOT), by)
    return ids[0], ids[1]


def forgotten(house: House, member: str) -> Callable[[], Any]:
    async def look() -> bool:
        whose = {
            "api_keys": {"owner": member, "for_site": None},
            "sessions": {"member": member},
            "members": {"_id": member},
        }
        texts = repr([list(house.admin["members"][name].find(where)) for name, where in whose.items()])
        return WHY not in texts and WHY_NOT not in texts

    return look


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_why_their_keys_and_sessions_came_and_went_is_theirs_to_read_and_goes_with_them(
    houses: Houses, driver: str
) -> None:
    async with houses(mongo_driver=driver) as house:
        org = await house.done(company())
        wish = person(org["id"], HANAKO, roles=frozenset({"operator"})).model_copy(update={"reason": WHY})
        member = await house.done(wish)
        by = principal(member)
        own, of_a_site = await program_keys(house, by)
        session = (await signed_in(house))["refresh_token"].split(".")[0]
        await house.ask(contract.EndSession(session=session, reason=WHY_NOT), by)
        data = await house.done(contract.PersonalDataInMembers(member=member["id"]), by)
        rows = {section["key"]: section["rows"] for section in data["sections"]}
        assert [row["reasons"] for row in rows["api_keys"]] == [[WHY, WHY_NOT]] * 2
        assert rows["history"][0]["reason"] == WHY
        assert not await forgotten(house, member["id"])()
        await house.done(contract.EraseMember(id=member["id"], reason="She asked by letter."))
        house.wall.forward(timedelta(seconds=11))
        await until(forgotten(house, member["id"]))
        doc = stored(house, "api_keys", own)
        assert checked(own, doc["log"]) == Checked(entries=2, chained=2, erased=2)
        assert why(stored(house, "api_keys", of_a_site)) == [WHY, WHY_NOT], "it is the site's, whoever made it"

"""Organizations and people, over the real servers: who may, what is kept, what is announced."""

import asyncio
from typing import Any

import orjson
import pytest

from shared.contracts import members as contract
from shared.contracts.message import Command, Principal, Query, Text
from tests.members.conftest import House, Houses
from tests.members.people import NOBODY, OPS, company, period, person, principal
from tests.support.servers import Servers

NAME = contract.PersonName(family="高崎", given="花子")


async def state(servers: Servers, subject: str) -> dict[str, Any]:
    """The data of the newest message on a subject of STATE, once the relay has sent it."""
    ops = await servers.client("ops")
    try:
        for _ in range(200):
            try:
                message = await ops.jetstream().get_last_msg("STATE", subject)
                return dict(orjson.loads(message.data or b"")["data"])
            except Exception:  # noqa: BLE001 — not there yet
                await asyncio.sleep(0.02)
    finally:
        await ops.close()
    raise AssertionError(f"nothing on {subject}")


async def admin_of(house: House, organization: str, email: str = "admin@bio.example") -> Principal:
    wish = person(organization, email, roles=frozenset({"organization_admin"}))
    return principal(await house.done(wish))


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_an_organization_with_a_membership_is_active_and_everyone_hears_of_it(
    houses: Houses, servers: Servers, driver: str
) -> None:
    async with houses(mongo_driver=driver) as house:
        org = await house.done(company(home_zone="America/New_York"))
        year = {"starts_on": "2026-04-01", "ends_on": "2027-03-31"}
        step = {"transition": "activate", "status": "active", "at": "2026-11-30T22:00:00-05:00", "by": "ops"}
        assert org == {
            "id": org["id"],
            "name": {"ja": "横浜バイオ", "en": "Yokohama Bio"},
            "addressed": {"ja": "横浜バイオ 御中", "en": "Yokohama Bio"},
            "kind": "yokohama_company",
            "status": "active",
            "membership": year,
            "home_zone": "America/New_York",
            "created_at": "2026-11-30T22:00:00-05:00",
            "version": 1,
            "periods": [year],
            "renewal_pending": False,
            "steps": [step | {"reason": None}],
            "booking_for_others": "colleagues",
            "on_leave": {"bookings": "hand_over", "to": None},
        }
        told = await state(servers, f"state.members.organization.v1.{org['id']}")
        kept = ("name", "kind", "status", "membership", "home_zone", "periods")
        own = {"id": org["id"], "sequence": 1, "erased": False, "keeps_bookings": True}
        own |= {"booking_for_others": "colleagues", "on_leave": {"bookings": "hand_over", "to": None}}
        assert told == own | {k: org[k] for k in kept}


async def test_an_organization_that_names_no_home_is_at_home_in_tokyo(house: House, servers: Servers) -> None:
    org = await house.done(company())
    told = await state(servers, f"state.members.organization.v1.{org['id']}")
    assert org["home_zone"] == told["home_zone"] == "Asia/Tokyo"


async def test_a_member_is_told_to_all_without_and_to_notify_with_what_is_personal(
    house: House, servers: Servers
) -> None:
    org = await house.done(company())
    member = await house.done(person(org["id"], "Hanako@BIO.example"))
    assert member["email"] == "Hanako@bio.example"
    told = await state(servers, f"state.members.member.v1.{member['id']}")
    assert told == {
        "id": member["id"],
        "sequence": 1,
        "erased": False,
        "organizations": [org["id"]],
        "roles": ["member"],
        "site": None,
        "active": True,
        "assistants": [],
        "time_zone": "Asia/Tokyo",
    }
    contact = await state(servers, f"state.members.contact.v1.{member['id']}")
    assert (contact["email"], contact["name"]) == ("Hanako@bio.example", member["name"])
    assert (contact["language"], contact["time_zone"]) == ("ja", "Asia/Tokyo")


async def test_no_event_holds_anything_personal(house: House) -> None:
    org = await house.done(company())
    member = await house.done(person(org["id"]))
    await house.done(contract.UpdateMember(id=member["id"], email="new@bio.example", name=NAME))
    log = house.admin["members"]["members"].find_one({"_id": member["id"]}, {"log": 1})
    assert log is not None
    said = repr(log["log"])
    assert [e["type"] for e in log["log"]] == ["members.member_created.v1", "members.member_changed.v1"]
    assert log["log"][1]["data"]["changed"] == ["address", "name"]
    for personal in ("@bio.example", "髙", "高", "花子"):
        assert personal not in said


async def test_one_address_is_one_persons_however_it_is_spelt(house: House) -> None:
    org = await house.done(company())
    first = await house.done(person(org["id"]))
    other = await house.done(person(org["id"], "taro@bio.example"))
    assert await house.refused(person(org["id"], "HANAKO@Bio.example")) == (409, "email-taken")
    take = contract.UpdateMember(id=other["id"], email="hanako@bio.example")
    assert await house.refused(take) == (409, "email-taken")
    await house.done(contract.UpdateMember(id=first["id"], email="h@bio.example"))
    assert (await house.done(take))["version"] == 2


async def test_forty_at_once_for_one_address_make_one_person(house: House) -> None:
    org = await house.done(company())
    answers = await asyncio.gather(*(house.ask(person(org["id"])) for _ in range(40)))
    assert sorted(a.status for a in answers) == [201] + [409] * 39


async def test_a_retry_gets_its_own_member_even_where_a_refusal_would_be_due(house: House) -> None:
    org = await house.done(company())
    staff = principal(
        await house.done(person(org["id"], "staff@linkj.example", roles=frozenset({"site_staff"}), site="nyc"))
    )
    made = await house.ask(person(org["id"]), staff, key="k1")
    demoted = staff.model_copy(update={"roles": frozenset({"member"})})
    again = await house.ask(person(org["id"]), demoted, key="k1")
    assert (again.status, again.replay, again.data) == (201, True, made.data)
    other = await house.refused(person(org["id"], "other@bio.example"), staff, key="k1")
    assert other == (422, "idempotency-key-reused")


async def test_an_organization_is_created_once_per_key(house: House) -> None:
    answers = await asyncio.gather(*(house.ask(company(), key="k1") for _ in range(20)))
    assert len({a.data["id"] for a in answers}) == 1
    assert sum(not a.replay for a in answers) == 1


async def test_site_staff_needs_a_site_and_a_domain_refusal_is_an_answer(house: House) -> None:
    org = await house.done(company())
    assert await house.refused(person(org["id"], roles=frozenset({"site_staff"}))) == (422, "site-required")
    assert await house.refused(person(org["id"], "not an address")) == (422, "invalid-email")
    assert await house.refused(person("nowhere")) == (404, "not-found")


async def test_an_admin_manages_the_own_organization_and_sees_no_other(house: House) -> None:
    own, foreign = await house.done(company()), await house.done(company("別の会社"))
    admin = await admin_of(house, own["id"])
    stranger = await house.done(person(foreign["id"], "taro@other.example"))
    member = await house.done(person(own["id"]), admin)
    assert await house.refused(person(foreign["id"], "x@other.example"), admin) == (404, "not-found")
    unseen: list[Command | Query] = [
        contract.GetMember(id=stranger["id"]),
        contract.UpdateMember(id=stranger["id"], language="en"),
        contract.GetOrganization(id=foreign["id"]),
        contract.UpdateOrganization(id=foreign["id"], name=Text(en="Mine")),
        contract.ListMembers(organization=foreign["id"]),
    ]
    for asked in unseen:
        assert await house.refused(asked, admin, if_match=99) == (404, "not-found"), asked
    listed = await house.done(contract.ListMembers(), admin)
    assert {m["id"] for m in listed["items"]} == {admin.id, member["id"]}
    renamed = await house.done(contract.UpdateOrganization(id=own["id"], name=Text(en="Bio")), admin)
    assert (renamed["name"], renamed["version"]) == ({"ja": None, "en": "Bio"}, 2)
    membership = contract.UpdateOrganization(id=own["id"], membership=period())
    assert await house.refused(membership, admin) == (403, "forbidden")
    above = contract.UpdateMember(id=member["id"], roles=frozenset({"operator"}))
    assert await house.refused(above, admin) == (403, "forbidden")


async def test_a_member_sees_and_changes_only_themselves(house: House) -> None:
    org = await house.done(company())
    me = principal(await house.done(person(org["id"])))
    colleague = await house.done(person(org["id"], "taro@bio.example"))
    assert (await house.done(contract.GetMember(id=me.id), me))["id"] == me.id
    assert await house.refused(contract.GetMember(id=colleague["id"]), me) == (404, "not-found")
    foreign = contract.UpdateMember(id=colleague["id"], language="en")
    assert await house.refused(foreign, me) == (404, "not-found")
    assert [m["id"] for m in (await house.done(contract.ListMembers(), me))["items"]] == [me.id]
    changed = await house.done(contract.UpdateMember(id=me.id, language="en", name=NAME), me, if_match=1)
    assert (changed["language"], changed["version"]) == ("en", 2)
    assert await house.refused(contract.UpdateMember(id=me.id, language="ja"), me, if_match=1) == (412, "version-stale")
    assert await house.refused(contract.UpdateMember(id=me.id, email="x@bio.example"), me) == (403, "forbidden")
    assert await house.refused(company(), me) == (403, "forbidden")
    assert await house.refused(person(org["id"], "y@bio.example"), me) == (403, "forbidden")
    own = await house.done(contract.ListOrganizations(), me)
    assert [o["id"] for o in own["items"]] == [org["id"]]


async def test_saying_the_same_again_writes_nothing(house: House) -> None:
    org = await house.done(company())
    member = await house.done(person(org["id"]))
    same = await house.done(contract.UpdateMember(id=member["id"], language="ja"))
    assert same == member


async def test_me_is_the_person_and_the_organization_acted_for(house: House) -> None:
    home, second = await house.done(company()), await house.done(company("第二"))
    member = await house.done(person(home["id"], organizations=(second["id"],)))
    by = principal(member).model_copy(update={"organization": second["id"]})
    me = await house.done(contract.Me(), by)
    assert me["member"] == member
    assert me["organization"]["id"] == second["id"]
    assert [o["id"] for o in me["organizations"]] == [home["id"], second["id"]]
    assert (me["roles"], me["site"]) == (["member"], None)
    assert await house.refused(contract.Me(), NOBODY) == (401, "unknown-api-key")
    osaka = Principal(kind="site", id="osaka", site="osaka")
    assert (await house.done(contract.Me(), osaka))["site"] == "osaka"


async def test_the_first_operator_is_made_with_the_house_and_made_once(house: House) -> None:
    add = contract.AddOperator(email="first@linkj.example")
    made = await house.done(add)
    assert (made["roles"], made["email"]) == (["operator"], "first@linkj.example")
    org = await house.done(contract.GetOrganization(id=made["organization"]))
    assert org["kind"] == "linkj_staff"
    assert await house.done(add) == made
    member = await house.done(person(org["id"]))
    promoted = await house.done(contract.AddOperator(email="hanako@bio.example"), OPS)
    assert (promoted["id"], promoted["roles"]) == (member["id"], ["member", "operator"])
    second = await house.done(contract.AddOperator(email="second@linkj.example"))
    assert second["organization"] == org["id"]


async def test_operators_added_at_once_are_one_person_in_one_house(house: House) -> None:
    add = contract.AddOperator(email="first@linkj.example")
    made = await asyncio.gather(*(house.done(add) for _ in range(10)))
    assert len({m["id"] for m in made}) == 1
    assert house.admin["members"]["organizations"].count_documents({}) == 1


async def test_what_is_malformed_is_answered_without_its_content(house: House) -> None:
    broken = b'{"principal": {"kind": "member", "id": "x"}, "data": {"email": 5, "secret": "s3cr3t"}}'
    reply = await house.gateway.request(contract.RequestSignInCode.wire, broken, timeout=5)
    problem = orjson.loads(reply.data)["problem"]
    assert (problem["status"], problem["code"]) == (422, "invalid")
    assert b"s3cr3t" not in reply.data

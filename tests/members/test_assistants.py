"""What people and organizations settle about bookings: assistants, booking for others, what becomes of them."""

from shared.contracts import members as contract
from tests.members.conftest import House
from tests.members.people import company, period, person, principal
from tests.members.test_directory import admin_of, state
from tests.support.servers import Servers
from tests.support.waiting import until


async def test_a_person_or_their_admin_names_assistants_who_then_see_them(house: House, servers: Servers) -> None:
    org, other = await house.done(company()), await house.done(company("他社"))
    boss, aide = await house.done(person(org["id"])), await house.done(person(org["id"], "aide@bio.example"))
    stranger = await house.done(person(other["id"], "x@other.example"))
    me, admin = principal(boss), await admin_of(house, org["id"])
    wish = contract.UpdateMember(id=boss["id"], assistants=(aide["id"], boss["id"], aide["id"]))
    named = await house.done(wish, me, if_match=1)
    assert named["assistants"] == [aide["id"]]
    assert (await house.done(wish, me))["version"] == named["version"], "the same again"
    await until(lambda: _told(servers, boss["id"], [aide["id"]]))
    for unknown in (stranger["id"], "nobody"):
        strange = contract.UpdateMember(id=boss["id"], assistants=(unknown,))
        assert await house.refused(strange, me) == (404, "not-found")
        assert await house.refused(strange, admin) == (404, "not-found")
    seen = await house.done(contract.ListMembers(), principal(aide))
    assert {m["id"] for m in seen["items"]} == {boss["id"], aide["id"]}
    touched = contract.UpdateMember(id=boss["id"], language="en")
    assert await house.refused(touched, principal(aide)) == (404, "not-found"), "seeing is not changing"
    assert (await house.done(contract.UpdateMember(id=boss["id"], assistants=()), admin))["assistants"] == []
    assert await house.refused(contract.GetMember(id=boss["id"]), principal(aide)) == (404, "not-found")
    assert await house.refused(wish, principal(stranger)) == (404, "not-found")


async def _told(servers: Servers, member: str, assistants: list[str]) -> bool:
    return bool((await state(servers, f"state.members.member.v1.{member}"))["assistants"] == assistants)


async def test_an_admin_settles_who_books_for_others_and_nothing_of_the_membership(house: House) -> None:
    org = await house.done(company())
    admin, member = await admin_of(house, org["id"]), principal(await house.done(person(org["id"])))
    wish = contract.UpdateOrganization(id=org["id"], booking_for_others="assistants")
    assert (await house.done(wish, admin))["booking_for_others"] == "assistants"
    assert await house.refused(wish, member) == (403, "forbidden")
    more = contract.UpdateOrganization(id=org["id"], booking_for_others="colleagues", membership=period())
    assert await house.refused(more, admin) == (403, "forbidden")


async def test_an_admin_settles_what_becomes_of_the_bookings_of_who_leaves(house: House, servers: Servers) -> None:
    org, other = await house.done(company()), await house.done(company("他社"))
    admin, heir = await admin_of(house, org["id"]), await house.done(person(org["id"]))
    stranger = await house.done(person(other["id"], "x@other.example"))
    assert org["on_leave"] == {"bookings": "hand_over", "to": None}
    wish = contract.UpdateOrganization(id=org["id"], on_leave=contract.OnLeave(to=heir["id"]))
    settled = await house.done(wish, admin)
    assert settled["on_leave"] == {"bookings": "hand_over", "to": heir["id"]}
    for unknown in (stranger["id"], "nobody"):
        strange = contract.UpdateOrganization(id=org["id"], on_leave=contract.OnLeave(to=unknown))
        assert await house.refused(strange, admin) == (404, "not-found")
    renamed = await house.done(contract.UpdateOrganization(id=org["id"], booking_for_others="assistants"), admin)
    assert renamed["on_leave"] == settled["on_leave"], "what is not named stays"
    cancel = contract.UpdateOrganization(id=org["id"], on_leave=contract.OnLeave(bookings="cancel"))
    assert (await house.done(cancel, admin))["on_leave"] == {"bookings": "cancel", "to": None}
    await until(lambda: _settled(servers, org["id"], "cancel"))


async def _settled(servers: Servers, org: str, bookings: str) -> bool:
    told = await state(servers, f"state.members.organization.v1.{org}")
    return bool(told["on_leave"]["bookings"] == bookings)

"""What staff read of the record: who did what to an organization or a person, for whom and why."""

from datetime import timedelta

import pytest

from shared.contracts import members as contract
from shared.contracts.message import Principal
from shared.kit.documents import history
from tests.members.asking import site_staff
from tests.members.conftest import House
from tests.members.people import NOBODY, OPS, company, period, person, principal
from tests.support.waiting import until


async def program(house: House) -> Principal:
    """Staff's, by a key."""
    return (await site_staff(house)).model_copy(update={"kind": "program", "key": "key-7"})


async def test_staff_read_who_did_what_to_an_organization_and_why(house: House) -> None:
    staff = await program(house)
    org = await house.done(company())
    await house.done(contract.SuspendOrganization(id=org["id"], reason="未払い"), staff)
    page = await house.done(contract.OrganizationHistory(id=org["id"]), staff)
    created, *_, suspended = page["items"]
    assert [each["seq"] for each in page["items"]] == list(range(1, len(page["items"]) + 1))
    assert page["next"] is None
    assert (created["seq"], created["actor"], created["kind"], created["operation"]) == (
        1,
        "ops",
        "system",
        "cmd.members.create_organization.v1",
    )
    wanted = {
        "id": f"{org['id']}-{len(page['items'])}",
        "time": "2026-12-01T12:00:00+09:00",
        "actor": staff.id,
        "kind": "program",
        "organization": staff.organization,
        "api_key": "key-7",
        "on_behalf_of": None,
        "operation": "cmd.members.suspend_organization.v1",
        "reason": "未払い",
    }
    assert {name: suspended[name] for name in wanted} == wanted


async def test_a_person_s_record_is_staff_s_and_not_there_for_others(house: House) -> None:
    staff = await program(house)
    org = await house.done(company())
    made = await house.done(person(org["id"], "ana@bio.example"))
    me = principal(made)
    await house.done(contract.UpdateMember(id=made["id"], language="en"), me, if_match=1)
    page = await house.done(contract.MemberHistory(id=made["id"]), staff)
    assert [(each["actor"], each["kind"], each["organization"]) for each in page["items"]] == [
        ("ops", "system", None),
        (made["id"], "member", org["id"]),
    ]
    assert await house.refused(contract.MemberHistory(id=made["id"]), NOBODY) == (401, "unknown-api-key")
    for other in (me, me.model_copy(update={"roles": frozenset({"organization_admin"})})):
        assert await house.refused(contract.MemberHistory(id=made["id"]), other) == (404, "not-found")
        assert await house.refused(contract.OrganizationHistory(id=org["id"]), other) == (404, "not-found")
    assert await house.refused(contract.MemberHistory(id="nobody"), staff) == (404, "not-found")
    assert await house.refused(contract.MemberHistory(id=made["id"], after="x"), staff) == (422, "invalid-cursor")


async def test_why_somebody_was_changed_is_told_to_staff_and_to_them_and_forgotten_with_them(house: House) -> None:
    org, reason = await house.done(company()), "退職のため、本人から電話で連絡あり"
    made = await house.done(person(org["id"], "ana@bio.example"))
    await house.done(contract.UpdateMember(id=made["id"], language="en", reason=reason))
    page = await house.done(contract.MemberHistory(id=made["id"]))
    assert [each["reason"] for each in page["items"]] == [None, reason]
    data = await house.done(contract.PersonalDataInMembers(member=made["id"]), principal(made))
    (history,) = [each for each in data["sections"] if each["key"] == "history"]
    assert [row["reason"] for row in history["rows"]] == [None, reason]
    await house.done(contract.EraseMember(id=made["id"], reason="She asked by letter."))
    house.wall.forward(timedelta(seconds=11))

    async def forgotten() -> bool:
        return reason not in repr(house.admin["members"]["members"].find_one({"_id": made["id"]}))

    await until(forgotten)


async def test_why_an_organization_was_changed_stands_in_its_record_and_beside_its_step(house: House) -> None:
    org = await house.done(company(membership=None))
    wish = contract.UpdateOrganization(id=org["id"], membership=period(), reason="契約書を受領")
    changed = await house.done(wish)
    assert changed["steps"][-1]["reason"] == "契約書を受領"
    page = await house.done(contract.OrganizationHistory(id=org["id"]))
    assert page["items"][-1]["reason"] == "契約書を受領"


def test_a_command_without_a_reason_is_what_it_was_before_there_were_any() -> None:
    for command in (contract.UpdateMember(id="m1"), contract.UpdateOrganization(id="o1")):
        assert "reason" not in command.model_dump(mode="json")


async def test_of_an_erased_person_there_is_no_record_for_anybody(house: House) -> None:
    org = await house.done(company())
    made = await house.done(person(org["id"], "ana@bio.example"))
    await house.done(contract.EraseMember(id=made["id"], reason="She asked by letter."))
    for by in (OPS, await program(house)):
        assert await house.refused(contract.MemberHistory(id=made["id"]), by) == (404, "not-found")


async def test_a_long_record_comes_in_pages_also_what_moved_to_the_history(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOG_LIMIT", 4)
    org = await house.done(company())
    documents = house.service.stored["organizations"]
    for n in range(2, 10):
        name = contract.UpdateOrganization(id=org["id"], home_zone=("Europe/Paris", "Asia/Tokyo")[n % 2])
        await house.done(name, if_match=n - 1)

        async def sent() -> bool:
            return bool(await documents.collection.count_documents({"_id": org["id"], "unsent": True}) == 0)

        await until(sent)
    doc = await documents.get(org["id"])
    assert doc is not None
    assert doc["log"][0]["seq"] > 2
    seen, after = [], None
    while True:
        page = await house.done(contract.OrganizationHistory(id=org["id"], limit=2, after=after))
        seen += [each["seq"] for each in page["items"]]
        if (after := page["next"]) is None:
            break
    assert seen == list(range(1, 10))

"""Erasing a person, over the real servers: what members forgets, what it says, and what the certificate says."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from pymongo import MongoClient

from services.members.handlers import erasing
from shared.contracts import members as contract
from tests.members.asking import site_staff
from tests.members.conftest import House, Houses
from tests.members.people import OPS, company, person, principal
from tests.members.test_directory import state
from tests.support.servers import Servers
from tests.support.waiting import until

ADDRESS = "canary.erase@bio.example"
NAME = contract.PersonName(
    family="消去", given="花", family_kana="カナリアショウキョ", given_kana="ハナ", latin="Canarysson"
)
REASON = "She asked by letter."


async def somebody(house: House, email: str = ADDRESS, **more: Any) -> dict[str, Any]:
    org = await house.done(company())
    member: dict[str, Any] = await house.done(
        person(org["id"], email, name=NAME, **more), key=f"{email}-{house.wall.path}"
    )
    return member


async def sign_in(house: House) -> dict[str, Any]:
    await house.done(contract.RequestSignInCode(email=ADDRESS))
    tokens: dict[str, Any] = await house.done(contract.CreateSession(email=ADDRESS, code=house.notify.code()))
    return tokens


async def told(servers: Servers, service: str, member: str, event_id: str = "e1", **counts: int) -> None:
    """What `service` says when it has done its part."""
    event = {
        "specversion": "1.0",
        "id": f"{member}-{event_id}-{service}",
        "source": f"/services/{service}",
        "type": f"org.link-j.{service}.member_erased.v1",
        "time": "2026-12-01T03:00:30Z",
        "data": {"member": member, "counts": counts, "version": 3},
    }
    client = await servers.client(service)
    subject = f"evt.{service}.member_erased.v1.{member}"
    await client.jetstream().publish(subject, orjson.dumps(event), stream="EVENTS")
    await client.close()


async def part_of(house: House, member: str, service: str) -> dict[str, Any]:
    view = await house.done(contract.GetErasure(id=member))
    found: dict[str, Any] = next(part for part in view["parts"] if part["service"] == service)
    return found


def answered(house: House, member: str, service: str) -> Callable[[], Any]:
    async def look() -> bool:
        return (await part_of(house, member, service))["done_at"] is not None

    return look


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_of_an_erased_person_only_the_id_is_left(houses: Houses, servers: Servers, driver: str) -> None:
    async with houses(mongo_driver=driver) as house:
        member = await somebody(house)
        view = await house.done(contract.EraseMember(id=member["id"], reason=REASON))
        assert (view["member"], view["status"], view["asked_by"]) == (member["id"], "running", "ops")
        assert await house.refused(contract.GetMember(id=member["id"])) == (404, "not-found")
        assert (await house.done(contract.ListMembers(q="canary")))["items"] == []
        assert await house.refused(contract.UpdateMember(id=member["id"], language="en")) == (404, "not-found")
        doc = house.admin["members"]["members"].find_one({"_id": member["id"]})
    assert doc is not None
    kept = {"_id", "site", "version", "created_at", "changed_at", "form", "least", "fingerprint"}
    kept |= {"log", "sent", "stated", "unsent", "next_try"}
    assert doc.keys() - kept == {"erased_at", "organizations", "roles", "active"}
    assert (doc["organizations"], doc["roles"], doc["active"]) == ([], [], False)
    assert [entry["data"].get("changed") for entry in doc["log"]] == [None, ["erased"]]
    for canary in ("canary", "bio.example", "消去", "ｶﾅﾘｱ", "カナリア", "かなりあ"):
        assert canary not in repr(doc).casefold()


async def test_the_tombstones_say_nothing_but_that_and_nothing_of_the_contact_is_left_on_the_disk(
    house: House, servers: Servers
) -> None:
    member = await somebody(house)
    older = contract.PersonName(family="旧姓カナリア", given="花")
    await state(servers, f"state.members.contact.v1.{member['id']}")
    await house.done(contract.UpdateMember(id=member["id"], name=older, email="canary.older@bio.example"))
    await house.done(contract.UpdateMember(id=member["id"], name=NAME))
    await house.done(contract.EraseMember(id=member["id"], reason=REASON))
    stub = {"id": member["id"], "sequence": 4, "erased": True}

    async def gone() -> bool:
        told = [await state(servers, f"state.members.{thing}.v1.{member['id']}") for thing in ("member", "contact")]
        return told == [stub, stub]

    await until(gone)
    files = [path for path in (servers.folder / "jetstream").rglob("*") if path.is_file()]
    assert files
    for canary in (ADDRESS, "canary.older@bio.example", "旧姓カナリア", "カナリアショウキョ"):
        assert not [path for path in files if canary.encode() in path.read_bytes()], canary


async def test_an_erased_person_s_address_is_free_and_their_id_never_comes_back(house: House) -> None:
    member = await somebody(house)
    await house.done(contract.EraseMember(id=member["id"], reason=REASON))
    again = await house.ask(person(member["organization"], ADDRESS, name=NAME), key=f"{ADDRESS}-{house.wall.path}")
    assert again.problem is not None, "the key of the first time made somebody who is gone"
    assert again.problem.status == 404
    other = await house.done(person(member["organization"], ADDRESS, name=NAME))
    assert other["id"] != member["id"]


async def test_sessions_keys_and_codes_end_at_once(house: House) -> None:
    member = await somebody(house)
    by = principal(member)
    tokens = await sign_in(house)
    key = await house.done(contract.CreateApiKey(name="canary laptop", scopes=("members:read",)), by)
    await house.done(contract.RequestSignInCode(email=ADDRESS), by=OPS)
    code = house.notify.code()
    await house.done(contract.EraseMember(id=member["id"], reason=REASON))
    refresh = contract.RefreshSession(refresh_token=tokens["refresh_token"])
    assert (await house.refused(refresh))[0] == 401
    assert (await house.refused(contract.CreateSession(email=ADDRESS, code=code)))[0] == 401
    hashed = house.admin["members"]["sessions"].find_one({"member": member["id"]})
    assert hashed is not None
    assert hashed["_id"] in (await house.done(contract.RevokedSessions()))["sessions"]
    shown = await house.done(contract.GetApiKey(id=key["id"]))
    assert (shown["name"], shown["prefix"], shown["scopes"]) == ("", "", [])
    assert shown["revoked_at"] is not None
    sign_ins = house.admin["members"]["sign_ins"].find_one({})
    assert sign_ins is not None
    assert (sign_ins["code"], sign_ins["touched"].year) == (None, 2000), "the server's expiry takes it within a minute"


async def test_a_key_of_a_site_outlives_whoever_made_it(house: House) -> None:
    member = await somebody(house, roles=frozenset({"operator"}))
    key = await house.done(contract.CreateApiKey(name="site osaka", site="osaka"), principal(member))
    await house.done(contract.EraseMember(id=member["id"], reason=REASON))
    shown = await house.done(contract.GetApiKey(id=key["id"]))
    assert (shown["name"], shown["revoked_at"]) == ("site osaka", None)


async def test_one_erases_oneself_in_a_session_just_begun_and_in_no_other(house: House) -> None:
    member = await somebody(house)
    by = principal(member)
    other = await house.done(person(member["organization"], "taro@bio.example"))
    await sign_in(house)
    session = house.admin["members"]["sessions"].find_one({"member": member["id"]})
    assert session is not None
    wish = contract.EraseMember(id=member["id"], reason=REASON, session=session["_id"])
    strange = wish.model_copy(update={"session": "somebody-elses"})
    assert await house.refused(strange, by) == (403, "sign-in-again")
    assert await house.refused(wish.model_copy(update={"session": None}), by) == (403, "sign-in-again")
    assert await house.refused(wish.model_copy(update={"id": other["id"]}), by) == (404, "not-found")
    house.wall.forward(timedelta(minutes=16))
    assert await house.refused(wish, by) == (403, "sign-in-again")
    await sign_in(house)
    fresh = house.admin["members"]["sessions"].find_one({"member": member["id"]}, sort=[("started_at", -1)])
    assert fresh is not None
    view = await house.done(wish.model_copy(update={"session": fresh["_id"]}), by)
    assert view["asked_by"] == member["id"]
    assert await house.refused(wish, by) == (401, "session-ended"), "a retry finds that there is nobody any more"


async def test_asked_again_it_is_the_same_erasure(house: House) -> None:
    member = await somebody(house)
    views = await asyncio.gather(
        *(house.ask(contract.EraseMember(id=member["id"], reason=f"{REASON} {n}")) for n in range(10))
    )
    assert {view.status for view in views} == {202}
    assert await house.refused(contract.EraseMember(id="nobody", reason=REASON)) == (404, "not-found")
    stored = list(house.admin["members"]["erasures"].find({}))
    assert [doc["member"] for doc in stored] == [member["id"]]
    assert [entry["type"] for entry in stored[0]["log"]] == ["members.erasure_asked.v1"]


async def test_the_certificate_is_complete_when_every_part_has_answered_and_is_sealed(
    house: House, servers: Servers
) -> None:
    member = await somebody(house)
    await house.done(contract.EraseMember(id=member["id"], reason=REASON))
    for service, counts in {"booking": {"bookings": 2}, "notify": {"notices": 3}, "events": {}}.items():
        for n in range(3):
            await told(servers, service, member["id"], f"e{n}", **counts)
        await until(answered(house, member["id"], service))
    running = await house.done(contract.GetErasure(id=member["id"]))
    assert (running["status"], running["seal"], running["intact"]) == ("running", None, None)
    assert (await part_of(house, member["id"], "booking"))["counts"] == {"bookings": 2}
    house.wall.forward(timedelta(seconds=11))
    await until(answered(house, member["id"], "members"))
    whole = await house.done(contract.GetErasure(id=member["id"]))
    assert (whole["status"], whole["intact"]) == ("complete", True)
    assert whole["completed_at"].startswith("2026-12-01T03:00:1")
    assert (await part_of(house, member["id"], "members"))["counts"]["members"] == 1
    stored = house.admin["members"]["erasures"].find_one({"member": member["id"]})
    assert stored is not None
    assert (stored["reason"], "due_at" in stored) == (None, False)
    assert REASON not in repr(stored)
    house.admin["members"]["erasures"].update_one(
        {"member": member["id"]}, {"$set": {"parts.booking.counts.bookings": 1}}
    )
    assert (await house.done(contract.GetErasure(id=member["id"])))["intact"] is False


async def test_who_left_long_ago_is_erased_and_nobody_else(houses: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "_LOOK_SECONDS", 0.05)
    async with houses() as house:
        left, here = await somebody(house), await somebody(house, "still.here@bio.example")
        lately = await somebody(house, "left.lately@bio.example")
        await house.done(contract.UpdateMember(id=left["id"], active=False))
        house.wall.forward(erasing.DEPARTED_KEPT)
        await house.done(contract.UpdateMember(id=lately["id"], active=False))
        house.wall.forward(timedelta(days=1))

        async def gone() -> bool:
            return (await house.ask(contract.GetMember(id=left["id"]))).status == 404

        await until(gone)
        for member in (here, lately):
            assert (await house.done(contract.GetMember(id=member["id"])))["email"] == member["email"]
        assert (await house.done(contract.GetErasure(id=left["id"])))["asked_by"] == "members"
        assert house.admin["members"]["erasures"].count_documents({}) == 1


async def test_a_part_that_does_not_answer_is_told_again_until_it_does(house: House, servers: Servers) -> None:
    member = await somebody(house)
    await house.done(contract.EraseMember(id=member["id"], reason=REASON))
    ops = await servers.client("ops")
    heard = await ops.jetstream().pull_subscribe(f"state.members.member.v1.{member['id']}", stream="STATE")
    first = (await heard.fetch(1, timeout=10))[0]
    await first.ack()
    house.wall.forward(timedelta(minutes=11))
    again = (await heard.fetch(1, timeout=10))[0]
    assert orjson.loads(again.data)["data"] == {"id": member["id"], "sequence": 2, "erased": True}
    await ops.close()


async def test_what_a_dying_replica_left_is_done_by_the_next(houses: Houses, servers: Servers) -> None:
    async with houses() as house:
        member = await somebody(house)
        await house.done(contract.EraseMember(id=member["id"], reason=REASON))
        with MongoClient[dict[str, Any]](servers.mongo_admin_url) as admin:
            admin["members"]["errands"].delete_many({})  # as if it had died between the erasure and its own part
            admin["members"]["members"].update_one(
                {"_id": member["id"]}, {"$set": {"email": ADDRESS, "name": NAME.model_dump(), "active": True}}
            )
            admin["members"]["members"].update_one({"_id": member["id"]}, {"$unset": {"erased_at": ""}})
            admin["members"]["members"].update_one(
                {"_id": member["id"]},
                {"$set": {"language": "ja", "time_zone": "UTC", "site_of_staff": None, "organizations": ["o"]}},
            )
        house.wall.forward(timedelta(seconds=6))
        await until(lambda: house.admin["members"]["errands"].find_one({"round": 1}) is not None)
        assert house.admin["members"]["members"].find_one({"erased_at": {"$exists": True}}) is not None
        house.wall.forward(timedelta(seconds=11))
        await until(answered(house, member["id"], "members"))


async def test_who_is_no_staff_learns_nothing_of_erasures(house: House) -> None:
    member = await somebody(house)
    other = principal(await house.done(person(member["organization"], "taro@bio.example")))
    staff = await site_staff(house)
    await house.done(contract.EraseMember(id=member["id"], reason=REASON))
    assert await house.refused(contract.GetErasure(id=member["id"]), other) == (404, "not-found")
    assert await house.refused(contract.ListErasures(), other) == (403, "forbidden")
    assert await house.refused(contract.ListErasures(), staff) == (403, "forbidden")
    assert (await house.done(contract.GetErasure(id=member["id"]), staff))["member"] == member["id"]
    listed = await house.done(contract.ListErasures(limit=1))
    assert ([each["member"] for each in listed["items"]], listed["next"]) == ([member["id"]], None)


async def test_a_person_reads_all_that_members_keeps_of_them(house: House) -> None:
    member = await somebody(house)
    by = principal(member)
    await sign_in(house)
    await house.done(contract.CreateApiKey(name="my laptop", scopes=("members:read",)), by)
    data = await house.done(contract.PersonalDataInMembers(member=member["id"]), by)
    sections = {each["key"]: each for each in data["sections"]}
    assert list(sections) == ["person", "sessions", "identities", "api_keys", "history"]
    (row,) = sections["person"]["rows"]
    assert {row[name] for name in ("family", "given", "family_kana", "latin", "email")} == {
        *("消去", "花", "カナリアショウキョ", "Canarysson", ADDRESS)
    }
    assert [key["name"] for key in sections["api_keys"]["rows"]] == ["my laptop"]
    assert len(sections["sessions"]["rows"]) == 1
    assert [entry["type"] for entry in sections["history"]["rows"]] == ["members.member_created.v1"]
    for each in data["sections"]:
        assert all(text["ja"] and text["en"] for text in (each["title"], each["purpose"], each["kept"]))
    stranger = principal(await house.done(person(member["organization"], "taro@bio.example")))
    assert await house.refused(contract.PersonalDataInMembers(member=member["id"]), stranger) == (404, "not-found")

"""Names over the real servers: kept byte for byte, found however they are typed, in the order of the reader."""

import pytest

from services.members.store.keys import FORM
from services.members.store.rekeying import rekeyed
from shared.contracts import members as contract
from shared.contracts.message import Language
from tests.members.conftest import House, Houses
from tests.members.people import NOBODY, OPS, company, person
from tests.support.waiting import until


async def test_a_name_comes_back_byte_for_byte(house: House) -> None:
    org = await house.done(company())
    written = {
        "family": "髙﨑",
        "given": "葛󠄀子\u795e\ufa19",
        "family_kana": "タカサキ",
        "given_kana": "ｶﾂﾗｺ",
        "latin": "Takasaki Kōko",
    }
    member = await house.done(person(org["id"], name=contract.PersonName(**written)))
    read = await house.done(contract.GetMember(id=member["id"]))
    assert {k: v.encode() for k, v in read["name"].items()} == {k: v.encode() for k, v in written.items()}
    for q in ("たかさき", "ﾀｶｻｷ", "髙﨑", "高崎", "takasaki ko", "KOKO", "かつらこ", "hanako@bio", "takasakikatsurako"):
        found = await house.done(contract.ListMembers(q=q))
        assert [m["id"] for m in found["items"]] == [member["id"]], q
        assert (await house.done(contract.CountMembers(q=q, most=5)))["count"] == 1
    for q in ("aka", ".*", "・", "高﨑葛田", "takasakikatsurakox"):
        assert (await house.done(contract.ListMembers(q=q)))["items"] == [], q


async def test_a_name_is_shown_and_addressed_in_both_languages(house: House) -> None:
    org = await house.done(company())
    member = await house.done(person(org["id"]))
    assert member["display"] == {"ja": "髙﨑 葛󠄀子", "en": "Takasaki Katsurako"}
    assert member["addressed"] == {"ja": "髙﨑 葛󠄀子 様", "en": "Takasaki Katsurako"}


async def test_a_name_that_looks_official_is_refused_to_those_who_are_not(house: House) -> None:
    org = await house.done(company())
    name = contract.PersonName(family="аdmin", given="x")
    assert await house.refused(person(org["id"], name=name)) == (422, "name-reserved")
    staff = person(org["id"], "staff@linkj.example", name=name, roles=frozenset({"site_staff"}), site="nyc")
    assert (await house.done(staff))["name"]["family"] == "аdmin"


NAMES = (
    contract.PersonName(family="小野", given="健", family_kana="おの", given_kana="けん", latin="Ken Ohno"),
    contract.PersonName(family="髙﨑", given="葛子", family_kana="タカサキ", given_kana="カツラコ"),
    contract.PersonName(family="Whitfield", given="Clara"),
    contract.PersonName(family="千葉", given="愛", family_kana="ちば", given_kana="あい", latin="Ai Chiba"),
    contract.PersonName(family="丁", given="一"),
)


@pytest.mark.parametrize(
    ("language", "in_order"),
    [("ja", ["小野", "髙﨑", "千葉", "Whitfield", "丁"]), ("en", ["千葉", "小野", "髙﨑", "Whitfield", "丁"])],
)
async def test_a_list_is_in_the_order_of_its_readers_language(
    house: House, language: Language, in_order: list[str]
) -> None:
    org = await house.done(company())
    for n, name in enumerate(NAMES):
        await house.done(person(org["id"], f"p{n}@bio.example", name=name))
    reader, seen, after = OPS.model_copy(update={"language": language}), [], None
    for turn in range(5):
        wish = contract.ListMembers(organization=org["id"], sort="name", limit=1, after=after)
        page = await house.done(wish, reader)
        seen += [m["name"]["family"] for m in page["items"]]
        after = page["next"]
        other: Language = "en" if language == "ja" else "ja"
        reader = reader.model_copy(update={"language": other})
        assert (after is None) == (turn == 4)
    assert seen == in_order, "a list goes on in the order it was begun in"
    assert await house.refused(contract.ListMembers(after=f"fr:{org['id']}")) == (422, "invalid-cursor")


async def test_people_are_counted_no_further_than_asked(house: House) -> None:
    org, other = await house.done(company()), await house.done(company("別の会社"))
    for n in range(4):
        await house.done(person(org["id"], f"p{n}@bio.example"))
    await house.done(person(other["id"], "p9@other.example"))
    counts = [
        (await house.done(contract.CountMembers(**wish)))["count"]
        for wish in ({"most": 10}, {"most": 3}, {"most": 10, "organization": org["id"], "q": "takasaki"})
    ]
    assert counts == [5, 3, 4]
    wish = contract.CountMembers(organization=org["id"], most=5)
    assert await house.refused(wish, NOBODY) == (401, "unknown-api-key")


async def test_pages_follow_one_another_by_kana_and_end(house: House) -> None:
    org = await house.done(company())
    kana = ["イトウ", "あべ", "うえだ", "おの", "えんどう"]
    for n, family in enumerate(kana):
        name = contract.PersonName(family="姓", given="名", family_kana=family, given_kana="ア")
        await house.done(person(org["id"], f"p{n}@bio.example", name=name))
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        wish = contract.ListMembers(organization=org["id"], sort="name", limit=2, after=after)
        page = await house.done(wish, OPS.model_copy(update={"language": "ja"}))
        seen += [m["name"]["family_kana"] for m in page["items"]]
        after = page["next"]
    assert seen == ["あべ", "イトウ", "うえだ", "えんどう", "おの"]
    assert after is None
    assert await house.refused(contract.ListMembers(after="forged")) == (422, "invalid-cursor")
    assert len((await house.done(contract.ListOrganizations(limit=1)))["items"]) == 1


OLDER = {"search_keys": ["高崎葛子"], "name_key": "たかさきかつらこ"}


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_who_was_stored_with_older_keys_is_found_and_listed_too(houses: Houses, driver: str) -> None:
    async with houses(mongo_driver=driver) as house:
        org = await house.done(company())
        made = [await house.done(person(org["id"], f"p{n}@bio.example")) for n in range(3)]
        people = house.admin["members"]["members"]
        derived = {"$unset": {"found_by": "", "latin_key": "", "name_form": ""}, "$set": OLDER}
        people.update_many({"_id": {"$ne": made[0]["id"]}}, derived)
        after, ids = None, []
        for _ in made:
            page = await house.done(contract.ListMembers(limit=1, after=after))
            ids += [m["id"] for m in page["items"]]
            after = page["next"]
        assert sorted(ids) == sorted(m["id"] for m in made), "also while their keys are still the older ones"
        assert await rekeyed(house.service.collection("members")) == 2
        assert await rekeyed(house.service.collection("members")) == 0
        found = await house.done(contract.ListMembers(q="takasaki"))
        assert sorted(m["id"] for m in found["items"]) == sorted(ids)
        assert {m["version"] for m in found["items"]} == {1}, "nobody hears of it, for nothing was changed"
        assert people.count_documents({"name_form": FORM}) == 3


async def test_the_service_keys_older_documents_by_itself(houses: Houses) -> None:
    async with houses() as house:
        org = await house.done(company())
        member = await house.done(person(org["id"]))
        people = house.admin["members"]["members"]
        people.update_one({"_id": member["id"]}, {"$unset": {"found_by": "", "name_form": ""}})
    async with houses() as house:

        async def is_found() -> bool:
            found = await house.done(contract.ListMembers(q="takasaki"))
            return [m["id"] for m in found["items"]] == [member["id"]]

        await until(is_found)

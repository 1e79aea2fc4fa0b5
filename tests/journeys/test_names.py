"""S9: a name goes in as it is written, and comes out so; it is found however it is typed, and addressed as is due."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from tests.journeys.conftest import Client, FreeHour, Newcomer, key, wish
from tests.journeys.test_told import mails
from tests.support.eventually import eventually
from tests.support.system import System

WRITTEN = {
    "family": "髙﨑",
    "given": "葛\U000e0100子",
    "family_kana": "たかさき",
    "given_kana": "かつらこ",
    "latin": "Katsurako TAKASAKI",
}


@pytest.fixture(scope="module")
def hers(newcomer: Newcomer) -> tuple[httpx.Client, dict[str, Any]]:
    """A member of that name who reads Japanese, and her client."""
    made: tuple[httpx.Client, dict[str, Any]] = newcomer("special_member_a", language="ja", name=WRITTEN)
    return made


def found(client: httpx.Client, **query: str) -> list[str]:
    """Ids, in the order of the list."""
    answer = client.get("/v1/members", params=query)
    assert answer.status_code == 200, answer.text
    return [person["id"] for person in answer.json()["items"]]


def first_mail(lounge: System, to: str) -> str:
    """Its text, once it is there."""
    return str(eventually(lambda: mails(lounge, to), what="the mail")[0]["text"])


def test_what_was_written_is_what_is_stored_and_answered(
    lounge: System, client: Client, hers: tuple[httpx.Client, dict[str, Any]]
) -> None:
    member = hers[1]
    read = client("operator@linkj.example").get(f"/v1/members/{member['id']}").json()["name"]
    url = Path(lounge.environment("members-1")["LOUNGE_MONGO_URL_FILE"]).read_text()
    with MongoClient[dict[str, Any]](url) as mongo:
        stored = mongo["members"]["members"].find_one({"_id": member["id"]})
    assert stored is not None
    for name in (member["name"], read, stored["name"]):
        assert {part: text.encode() for part, text in name.items()} == {k: v.encode() for k, v in WRITTEN.items()}


@pytest.mark.parametrize(
    "typed",
    [
        *("たかさき", "タカサキ", "ﾀｶｻｷ", "takasaki", "TAKASAKI", "Takasaki Katsurako", "katsurako t", "katurako"),
        *("髙﨑", "高崎", "髙﨑 葛\U000e0100子", "高崎葛子", "葛子", "かつらこ", "た"),
    ],
)
def test_she_is_found_by_every_form_of_her_name(
    client: Client, hers: tuple[httpx.Client, dict[str, Any]], typed: str
) -> None:
    assert hers[1]["id"] in found(client("staff@linkj.example"), q=typed, organization=hers[1]["organization"])
    assert found(hers[0], q=typed) == [hers[1]["id"]], "and finds herself"


@pytest.mark.parametrize("typed", ["さき", "asaki", "崎", "髙田", ".*", "^た", "takasakix", "・"])
def test_she_is_found_by_nothing_else(client: Client, hers: tuple[httpx.Client, dict[str, Any]], typed: str) -> None:
    assert hers[1]["id"] not in found(client("staff@linkj.example"), q=typed)


def test_lists_are_in_the_order_of_their_readers(client: Client, hers: tuple[httpx.Client, dict[str, Any]]) -> None:
    operator, organization = client("operator@linkj.example"), hers[1]["organization"]
    others = {
        "chiba": {"family": "千葉", "given": "愛", "family_kana": "ちば", "given_kana": "あい"},
        "clara": {"family": "Whitfield", "given": "Clara"},
        "ono": {"family": "小野", "given": "健", "family_kana": "おの", "given_kana": "けん", "latin": "Ken Ono"},
        "ding": {"family": "丁", "given": "一"},
    }
    ids = {"takasaki": hers[1]["id"]}
    for who, name in others.items():
        body = {"organization": organization, "email": f"{who}@names.example", "name": name}
        made = operator.post("/v1/members", json=body, headers=key())
        assert made.status_code == 201, made.text
        ids[who] = made.json()["id"]
    in_order = {
        "ja": ["ono", "takasaki", "chiba", "clara", "ding"],
        "en": ["chiba", "ono", "takasaki", "clara", "ding"],
    }
    for language, wanted in in_order.items():
        seen: list[str] = []
        query = {"organization": organization, "sort": "name", "limit": "2"}
        while True:
            page = operator.get("/v1/members", params=query, headers={"Accept-Language": language}).json()
            seen += [person["id"] for person in page["items"]]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        assert seen == [ids[who] for who in wanted], language


def test_her_mail_says_sama_and_an_english_one_nothing(
    lounge: System, newcomer: Newcomer, free_hour: FreeHour, hers: tuple[httpx.Client, dict[str, Any]]
) -> None:
    english = newcomer("special_member_a", language="en", name=WRITTEN)
    greetings = {}
    for language, (person, member) in (("ja", hers), ("en", english)):
        placed = person.post("/v1/bookings", json=wish("room-a", free_hour("room-a", weeks=3)), headers=key())
        assert placed.status_code == 201, placed.text
        text = first_mail(lounge, member["email"])
        greetings[language] = text.splitlines()[0]
        assert "御中" not in text
    assert greetings == {"ja": "髙﨑 葛\U000e0100子 様", "en": "Hello Katsurako TAKASAKI,"}


def test_staff_take_the_list_into_a_spreadsheet(client: Client, hers: tuple[httpx.Client, dict[str, Any]]) -> None:
    query = {"organization": hers[1]["organization"], "q": "たかさき"}
    headers = {"Accept": "text/csv", "Accept-Language": "ja"}
    sheet = client("staff@linkj.example").get("/v1/members", params=query, headers=headers)
    assert sheet.content.startswith("\ufeffID,姓,名,".encode())
    cells = [*WRITTEN.values(), "髙﨑 葛\U000e0100子 様", hers[1]["email"]]
    assert ",".join(cells).encode() in sheet.content
    assert hers[0].get("/v1/members", headers=headers).status_code == 403

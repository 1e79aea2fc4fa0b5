"""The list of people as a sheet: whole or not at all, opened by a spreadsheet without harm (row U13)."""

import csv
import io
from typing import Any

import httpx
import pytest

from services.gateway.routes.people import MOST_ROWS
from services.gateway.sheet import is_wanted, lines
from shared.contracts.members import CountMembers, ListMembers, ListOrganizations
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices, ok, problem

ADMIN = ["member", "organization_admin"]
CSV = {"Accept": "text/csv"}
FORMULA = "=cmd|' /C calc'!A0"


def person(n: int, **more: Any) -> dict[str, Any]:
    name = {"family": "髙﨑", "given": f"葛\U000e0100子{n}", "family_kana": None, "given_kana": None, "latin": None}
    return {
        "id": f"m{n}",
        "organization": "o1",
        "organizations": ["o1"],
        "email": f"p{n}@bio.example",
        "name": name,
        "addressed": {"ja": f"髙﨑 葛\U000e0100子{n} 様", "en": "Takasaki"},
        "language": "ja",
        "time_zone": "Asia/Tokyo",
        "roles": ["member", "organization_admin"],
        "site": None,
        "active": True,
        "created_at": "2026-12-01T12:00:00+09:00",
        "version": 1,
    } | more


@pytest.fixture
def listing(services: FakeServices, door: Door) -> FakeServices:
    """Two pages of people, as members gives them."""
    pages = {None: ([person(1), person(2)], "ja:m2"), "ja:m2": ([person(3, email=FORMULA)], None)}

    def answer(envelope: dict[str, Any]) -> dict[str, Any]:
        items, following = pages[envelope["data"].get("after")]
        return ok({"items": items, "next": following})

    services.answers[CountMembers.wire] = lambda _: ok({"count": 3})
    services.answers[ListOrganizations.wire] = lambda _: ok(
        {"items": [{"id": "o1", "name": {"ja": "横浜バイオ", "en": None}}], "next": None}
    )
    services.answers[ListMembers.wire] = answer
    return services


def rows(answer: httpx.Response) -> list[list[str]]:
    assert answer.content.startswith(b"\xef\xbb\xbf"), "Excel needs the mark"
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_a_sheet_holds_everybody_as_they_are_written(door: Door, listing: FakeServices) -> None:
    query = {"q": "たか", "organization": "o1", "sort": "name"}
    answer = door.client.get("/v1/members", params=query, headers=bearer(roles=ADMIN, lang="ja") | CSV)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="members.csv"'
    head, *people = rows(answer)
    assert head[:3] == ["ID", "姓", "名"]
    assert [row[0] for row in people] == ["m1", "m2", "m3"]
    assert dict(zip(head, people[0], strict=True)) == {
        "ID": "m1",
        "姓": "髙﨑",
        "名": "葛\U000e0100子1",
        "姓（かな）": "",
        "名（かな）": "",
        "ローマ字": "",
        "宛名": "髙﨑 葛\U000e0100子1 様",
        "メールアドレス": "p1@bio.example",
        "所属": "横浜バイオ",
        "権限": "member organization_admin",
        "拠点": "",
        "言語": "ja",
        "タイムゾーン": "Asia/Tokyo",
        "有効": "はい",
        "登録日時": "2026-12-01T12:00:00+09:00",
    }
    assert people[2][7] == f"'{FORMULA}"
    asked = [each["data"] for each in listing.asked(ListMembers.wire)]
    assert [(each["q"], each["organization"], each.get("after")) for each in asked] == [
        ("たか", "o1", None),
        ("たか", "o1", "ja:m2"),
    ]


def test_a_sheet_is_headed_in_the_readers_language(door: Door, listing: FakeServices) -> None:
    answer = door.client.get("/v1/members", headers=bearer(roles=ADMIN, lang="ja") | CSV | {"Accept-Language": "en"})
    head, first, *_ = rows(answer)
    assert (head[1], first[6], first[13]) == ("Family name", "Takasaki", "yes")


def test_a_member_gets_no_sheet_and_a_page_as_ever(door: Door, listing: FakeServices) -> None:
    assert door.client.get("/v1/members", headers=bearer() | CSV).status_code == 403
    for accept in ("application/json", "text/html", "*/*", "text/csv;q=0.5, application/json"):
        page = door.client.get("/v1/members", headers=bearer(roles=ADMIN) | {"Accept": accept})
        assert page.headers["content-type"] == "application/json"
        assert len(page.json()["items"]) == 2


@pytest.mark.parametrize(
    "query", ["limit=5", "cursor=x", "sort=email", "id[$gt]=", f"q={'x' * 65}", "organization=%00"]
)
def test_a_sheet_is_not_asked_in_parts_nor_by_what_is_no_field(query: str, door: Door, listing: FakeServices) -> None:
    assert door.client.get(f"/v1/members?{query}", headers=bearer(roles=ADMIN) | CSV).status_code == 422
    assert listing.asked(CountMembers.wire) == []


def test_more_than_fits_is_refused_before_anything_is_sent(door: Door, listing: FakeServices) -> None:
    listing.answers[CountMembers.wire] = lambda asked: ok({"count": asked["data"]["most"]})
    answer = door.client.get("/v1/members", headers=bearer(roles=ADMIN) | CSV)
    assert (answer.status_code, answer.json()["code"]) == (422, "sheet-too-long")
    assert answer.json()["most"] == MOST_ROWS
    assert listing.asked(ListMembers.wire) == []


def test_a_refusal_before_the_first_row_is_a_problem_document(door: Door, listing: FakeServices) -> None:
    listing.answers[CountMembers.wire] = lambda _: problem("not-found", 404)
    answer = door.client.get("/v1/members?organization=o9", headers=bearer(roles=ADMIN) | CSV)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_half_a_sheet_is_not_taken_for_the_whole(door: Door, listing: FakeServices) -> None:
    whole = listing.answers[ListMembers.wire]
    listing.answers[ListMembers.wire] = lambda asked: (
        whole(asked) if asked["data"].get("after") is None else problem("not-found", 404)
    )
    with pytest.raises(httpx.RemoteProtocolError):
        door.client.get("/v1/members", headers=bearer(roles=ADMIN) | CSV)
    assert door.client.get("/health/live").status_code == 200


def test_a_head_costs_nothing(door: Door, listing: FakeServices) -> None:
    assert door.client.head("/v1/members", headers=bearer(roles=ADMIN) | CSV).status_code == 200


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", FORMULA])
def test_what_a_spreadsheet_would_run_is_text(value: str) -> None:
    assert list(csv.reader(io.StringIO(lines([[value, "x=1"]]).decode(), newline=""))) == [[f"'{value}", "x=1"]]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (b"text/csv", True),
        (b"TEXT/CSV;q=0.8, */*;q=0.1", True),
        (b"text/csv;q=0", False),
        (b"", False),
        (b"*/*", False),
        (b"text/csv;q=0.2, application/json;q=0.9", False),
        (b"text/csv;q=abc", False),
    ],
)
def test_csv_is_for_who_names_it(accept: bytes, wanted: bool) -> None:
    assert is_wanted(accept) is wanted

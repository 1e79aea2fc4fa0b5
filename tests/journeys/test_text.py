"""Rows U1–U13 of the table of text input, each driven through the gateway to the store and back.

U10 speaks of calendar files, which nothing here makes yet: of its input, no line break gets into a name or title.
"""

import csv
import io
import json
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from tests.journeys.conftest import Client, key

_numbers = count(1)
FAMILY = "👩\u200d👩\u200d👧\u200d👦"


@dataclass(frozen=True)
class Row:
    """A family name, and the code it is refused with; where that is None it is kept, and found by what stands there."""

    row: str
    name: str
    code: str | None = None
    found_by: tuple[str, ...] = ()


ROWS = (
    Row("U1 as two code points", "カ\u3099", None, ("ガ", "カ\u3099", "が", "ｶﾞ")),
    Row("U1 as one code point", "ガ", None, ("カ\u3099",)),
    Row("U2 full width", "Ａ１", None, ("a1", "A1", "Ａ１")),
    Row("U2 half width", "ｶﾞ", None, ("が", "ガ")),
    Row("U2 compatibility signs", "㈱①㍻", None, ("株1平成", "(株)1平成")),
    Row("U3 a form of a character", "髙", None, ("髙", "高")),
    Row("U3 another one", "﨑", None, ("﨑", "崎")),
    Row("U3 the form in common use", "高", None, ("髙",)),
    Row("U4 variation selectors", "神\U000e0100神\ufe00", None, ("神神",)),
    Row("U4 an emoji of seven code points, a skin tone", f"{FAMILY}👍🏽"),
    Row("U4 a hundred characters", "漢" * 100),
    Row("U4 a hundred and one", "漢" * 101, "too-long"),
    Row("U4 a hundred emoji are 2,500 bytes", FAMILY * 100, "too-long"),
    Row("U4 few characters of many bytes", "e" + "\u0301" * 200, "too-long"),
    Row("U5 an override", "髙\u202e﨑", "disguising-characters"),
    Row("U5 an isolate", "髙\u2066﨑", "disguising-characters"),
    Row("U5 a zero-width space", "髙\u200b﨑", "disguising-characters"),
    Row("U5 a joiner that joins nothing", "ad\u200dmin", "disguising-characters"),
    Row("U5 a soft hyphen", "ad\u00admin", "disguising-characters"),
    Row("U5 a tag", "髙\U000e0041\U000e007f", "disguising-characters"),
    Row("U6 a Cyrillic letter", "аdmin", "name-reserved"),
    Row("U6 a Greek letter", "οperator", "name-reserved"),
    Row("U6 digits", "L1NK-J", "name-reserved"),
    Row("U6 in Japanese", "運営事務局", "name-reserved"),
    Row("U7 spaces", "   ", "blank"),
    Row("U7 ideographic spaces", "\u3000\u3000", "blank"),
    Row("U7 the Braille blank", "\u2800", "blank"),
    Row("U7 nothing", "", "blank"),
    Row("U8 a tag of HTML", "<script>alert(1)</script>", None, ("<script>",)),
    Row("U8 a template", "{{7*7}}"),
    Row("U8 a look-up", "${jndi:ldap://x.example}"),
    Row("U8 a format", "%s%n"),
    Row("U9 a line break and a header", "Hi\r\nBcc: x@evil.example", "control-characters"),
    Row("U9 an encoded word", "=?UTF-8?Q?=0A?=Bcc:", "control-characters"),
    Row("U10 a component of a calendar", "X\nBEGIN:VALARM", "control-characters"),
    Row("U10 a lone return", "X\rY", "control-characters"),
    Row("U13 a formula", "=cmd|' /C calc'!A0"),
)


def person(organization: str, family: str, email: str | None = None) -> dict[str, Any]:
    name = {"family": family, "given": "名"}
    return {"organization": organization, "email": email or f"text-{next(_numbers)}@text.example", "name": name}


@pytest.fixture(scope="module")
def organization(client: Client) -> str:
    body = {"name": {"ja": "文字"}, "kind": "guest"}
    made = client("operator@linkj.example").post("/v1/organizations", json=body, headers=key())
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.row)
def test_a_name_is_kept_as_it_is_or_refused_by_a_code(client: Client, organization: str, row: Row) -> None:
    operator = client("operator@linkj.example")
    answer = operator.post("/v1/members", json=person(organization, row.name), headers=key())
    if row.code is not None:
        assert (answer.status_code, answer.json()["code"]) == (422, row.code)
        return
    assert answer.status_code == 201, answer.text
    made = answer.json()
    read = operator.get(f"/v1/members/{made['id']}").json()
    assert made["name"]["family"].encode() == read["name"]["family"].encode() == row.name.encode()
    for typed in row.found_by:
        query = {"q": typed, "organization": organization, "limit": "100"}
        found = operator.get("/v1/members", params=query).json()["items"]
        assert made["id"] in {each["id"] for each in found}, typed


REFUSED_EVERYWHERE = [row for row in ROWS if row.code not in (None, "name-reserved")]


@pytest.mark.parametrize("row", REFUSED_EVERYWHERE, ids=lambda row: row.row)
def test_a_title_is_refused_by_the_same_rules(client: Client, row: Row) -> None:
    body = {"name": {"ja": row.name}, "kind": "guest"}
    answer = client("operator@linkj.example").post("/v1/organizations", json=body, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (422, row.code)


@pytest.mark.parametrize("text", ["   ", "\u3000\u3000", "\u2800"])
def test_u7_a_reason_that_says_nothing_is_none(client: Client, organization: str, text: str) -> None:
    suspend, table = f"/v1/organizations/{organization}/suspend", {"rows": [], "reason": text}
    operator = client("operator@linkj.example")
    answers = [operator.post(suspend, json={"reason": text}), operator.put("/v1/policy?dry_run=true", json=table)]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(422, "blank")] * 2


@pytest.mark.parametrize(
    ("charset", "encoding", "status"),
    [("", "shift_jis", 400), ("", "euc_jp", 400), ("; charset=shift_jis", "shift_jis", 415)],
)
def test_u11_what_is_not_utf_8_is_refused(
    client: Client, organization: str, charset: str, encoding: str, status: int
) -> None:
    body = json.dumps(person(organization, "高崎"), ensure_ascii=False)
    headers = key() | {"Content-Type": f"application/json{charset}"}
    answer = client("operator@linkj.example").post("/v1/members", content=body.encode(encoding), headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("Tag+lounge@TEXT.example", "Tag+lounge@text.example"),
        ("taro@日本語.example", "taro@xn--wgv71a119e.example"),
        ("taro@аdmin.example", "taro@xn--dmin-43d.example"),
        ("a@b", None),
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 40}.example", None),
        ('"quoted local"@text.example', None),
        ('"a@b"@text.example', None),
        ("a@text.example, b@text.example", None),
        ("a@text.example;b@text.example", None),
        ("a@text.example.", None),
        ("a@text..example", None),
        ("a@text.example\r\nBcc: b@text.example", None),
        ("髙﨑@text.example", None),
        ("<a@text.example>", None),
        ("a@[127.0.0.1]", None),
    ],
)
def test_u12_an_address_is_one_plain_one_with_its_domain_in_lower_case_a_labels(
    client: Client, organization: str, email: str, kept: str | None
) -> None:
    operator = client("operator@linkj.example")
    answer = operator.post("/v1/members", json=person(organization, "住所", email), headers=key())
    if kept is None:
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-email")
        return
    assert (answer.status_code, answer.json()["email"]) == (201, kept)
    other_case = operator.post("/v1/members", json=person(organization, "住所", email.swapcase()), headers=key())
    assert (other_case.status_code, other_case.json()["code"]) == (409, "email-taken")


def test_u13_no_cell_of_a_sheet_is_a_formula(client: Client, organization: str) -> None:
    operator = client("operator@linkj.example")
    written = ["=1+1", "+1", "-1", "@SUM(1)", "＝1", "'x"]
    for family in written:
        operator.post("/v1/members", json=person(organization, family), headers=key()).raise_for_status()
    headers = {"Accept": "text/csv", "Accept-Language": "en"}
    sheet = operator.get("/v1/members", params={"organization": organization}, headers=headers)
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"), newline="")))
    families = {row["Family name"] for row in rows}
    assert families >= {"'=1+1", "'+1", "'-1", "'@SUM(1)", "'＝1", "'x"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+-@\t\r"))]

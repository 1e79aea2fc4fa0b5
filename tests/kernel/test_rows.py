"""Rows U1–U9 of the table of bad input (what a name or title may hold), and what may be an id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.folding import search_key
from shared.kernel.ids import ID_PATTERN
from shared.kernel.text import fault_of_line, fault_of_prose

FAMILY = "👩‍👩‍👧‍👦"


@pytest.mark.parametrize(
    "honest",
    [
        "会議室A",
        "ガ",
        "カ\u3099",
        "Ａ１ｶﾞ㈱①㍻",
        "髙﨑 葛\U000e0100子",
        "神\ufe00",
        f"{FAMILY} 👍🏽",
        "Zoë O’Brien-Łukasz",
        "<script>alert(1)</script> {{7*7}} ${jndi:ldap://x} %s%n",
        "漢" * 100,
        "=cmd|' /C calc'!A0",
        "?=",
    ],
)
def test_honest_writing_is_taken_as_it_is(honest: str) -> None:
    assert fault_of_line(honest) is None
    assert fault_of_prose(honest) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Hi\r\nBcc: x@example.jp", "control-characters"),
        ("a\nBEGIN:VALARM", "control-characters"),
        ("a\rb", "control-characters"),
        ("a\tb", "control-characters"),
        ("a\x00b", "control-characters"),
        ("a\x85b", "control-characters"),
        ("a\u2028b", "control-characters"),
        ("a\u2029b", "control-characters"),
        ("=?UTF-8?Q?=0A?=Bcc:", "control-characters"),
        ("pay\u202egnp.exe", "disguising-characters"),
        ("a\u2066b", "disguising-characters"),
        ("ad\u200bmin", "disguising-characters"),
        ("ad\u200cmin", "disguising-characters"),
        ("\ufeffadmin", "disguising-characters"),
        ("a\u061cb", "disguising-characters"),
        ("tag\U000e0041\U000e007f", "disguising-characters"),
        ("", "blank"),
        ("   ", "blank"),
        ("\u3000\u3000", "blank"),
        ("\u2800", "blank"),
        ("\u3164\uffa0", "blank"),
        ("x" * 101, "too-long"),
        ("漢" * 101, "too-long"),
        ("e" + "\u0301" * 400, "too-long"),
    ],
)
def test_what_a_line_may_not_hold_is_named(text: str, fault: str) -> None:
    assert fault_of_line(text) == fault


def test_length_is_counted_in_what_a_reader_sees() -> None:
    assert fault_of_line("カ\u3099" * 50) is None
    assert fault_of_line("神\ufe00" * 60) is None
    assert fault_of_line("abc", longest=2) == "too-long"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("one\ntwo\r\nthree\tfour", None),
        ("a\rb", "control-characters"),
        ("a\x00b", "control-characters"),
        ("a\x1bb", "control-characters"),
        ("", None),
        ("x" * 10_001, "too-long"),
    ],
)
def test_prose_may_have_lines(text: str, fault: str | None) -> None:
    assert fault_of_prose(text) == fault


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ガ", "カ\u3099"),
        ("ｶﾞ", "が"),
        ("Ａ１", "a1"),
        ("①", "1"),
        ("㈱", "(株)"),
        ("たかさき", "タカサキ"),
        ("ﾀｶｻｷ", "たかさき"),
        ("Tōkyō", "tokyo"),
        ("TAKASAKI", "takasaki"),
        ("Straße", "STRASSE"),
        ("日本 橋", "日本\u3000橋"),
        ("ヴァイオリン", "ゔぁいおりん"),
        ("A´", "á"),
        ("髙", "高"),
        ("﨑", "崎"),
        ("e", "é"),
    ],
)
def test_what_a_reader_takes_for_the_same_is_found_by_either(one: str, other: str) -> None:
    assert search_key(one) == search_key(other)


@pytest.mark.parametrize(("one", "other"), [("か", "が"), ("は", "ぱ"), ("大野", "小野"), ("a", "b"), ("阪", "坂")])
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert search_key(one) != search_key(other)


@given(st.text(max_size=200))
def test_a_line_without_fault_is_not_blank_has_no_control_and_is_short(text: str) -> None:
    if fault_of_line(text) is None:
        assert text.strip()
        assert text.isprintable() or not any(ord(c) < 32 for c in text)
        assert len(text.encode("utf-8", "surrogatepass")) <= 400


def test_an_id_is_one_token_of_a_subject() -> None:
    assert ID_PATTERN.match("a-B_9")
    for text in ("a.b", "a b", "*", ">", "", "x" * 65, "é", "a\n"):
        assert not ID_PATTERN.match(text)

"""What people may write, how it is kept, and how it is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.text import Text, fault_of_line, fault_of_prose, search_key


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("Hi\r\nBcc: x", "control-characters"),
        ("=?UTF-8?Q?=0A?=Bcc:", "control-characters"),
        ("one\u2028two", "control-characters"),
        ("nul\x00", "control-characters"),
        ("abc\u202efdp.exe", "disguising-characters"),
        ("zero\u200bwidth", "disguising-characters"),
        ("tag\U000e0041", "disguising-characters"),
        ("", "blank"),
        ("  \u3000\u2800", "blank"),
        ("あ" * 101, "too-long"),
        ("a" * 101, "too-long"),
    ],
)
def test_what_cannot_be_a_title_is_named(line: str, fault: str) -> None:
    assert fault_of_line(line) == fault


@pytest.mark.parametrize(
    "line",
    ["髙﨑 葛󠄀子", "ガ", "カ\u3099", "神󠄀社", "👩‍🔬 lab", "㈱よこはま", "{{7*7}} <script>", "a" * 100, "が" * 50],
)
def test_honest_writing_is_a_title_as_it_is(line: str) -> None:
    assert fault_of_line(line) is None


def test_combining_marks_and_variation_selectors_do_not_count_as_length() -> None:
    assert fault_of_line("神\U000e0100" * 50) is None
    assert fault_of_line("カ\u3099" * 50) is None


def test_prose_has_lines_and_tabs_and_nothing_else_that_controls() -> None:
    assert fault_of_prose("first\nsecond\r\n\tthird") is None
    assert fault_of_prose("bell\x07") == "control-characters"
    assert fault_of_prose("lone\rreturn") == "control-characters"
    assert fault_of_prose("a" * 10_001) == "too-long"


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("ガ", "カ\u3099"),
        ("Ａ１", "a1"),
        ("ｶﾞ", "が"),
        ("タカサキ", "たかさき"),
        ("ﾀｶｻｷ", "たかさき"),
        ("Satō", "SATO"),
        ("Ōno", "ono"),
        ("山田 太郎", "山田太郎"),
        ("㈱", "(株)"),
    ],
)
def test_two_ways_to_write_the_same_are_found_alike(written: str, typed: str) -> None:
    assert search_key(written) == search_key(typed)


@pytest.mark.parametrize(("one", "other"), [("髙", "高"), ("﨑", "崎"), ("が", "か"), ("é", "e")])
def test_letters_that_differ_stay_different(one: str, other: str) -> None:
    assert search_key(one) != search_key(other)


@given(st.text(max_size=40))
def test_a_search_key_is_its_own_search_key(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)


def test_a_missing_language_is_shown_in_the_other_and_never_invented() -> None:
    both, one, none = Text(ja="会議室", en="Room"), Text(ja="会議室"), Text()
    assert (both.best("ja"), both.best("en")) == ("会議室", "Room")
    assert (one.best("en"), one.en) == ("会議室", None)
    assert none.best("en") == ""

"""What people may write, and what of it is refused."""

import pytest

from shared.kernel.text import Text, fault_of_line, fault_of_prose, graphemes


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("Hi\r\nBcc: x", "control-characters"),
        ("=?UTF-8?Q?=0A?=Bcc:", "control-characters"),
        ("one\u2028two", "control-characters"),
        ("nul\x00", "control-characters"),
        ("abc\u202efdp.exe", "disguising-characters"),
        ("zero\u200bwidth", "disguising-characters"),
        ("soft\u00adhyphen", "disguising-characters"),
        ("ad\u200dmin", "disguising-characters"),
        ("\u200d👩", "disguising-characters"),
        ("👩\u200d", "disguising-characters"),
        ("hangul\u3164filler", "disguising-characters"),
        ("\ud800", "control-characters"),
        ("tag\U000e0041", "disguising-characters"),
        ("", "blank"),
        ("  \u3000\u2800", "blank"),
        ("あ" * 101, "too-long"),
        ("a" * 101, "too-long"),
        ("か\u3099" * 67, "too-long"),
    ],
)
def test_what_cannot_be_a_title_is_named(line: str, fault: str) -> None:
    assert fault_of_line(line) == fault


@pytest.mark.parametrize(
    "line",
    [
        *("髙﨑 葛󠄀子", "ガ", "カ\u3099", "神󠄀社", "👩‍🔬 lab", "㈱よこはま", "{{7*7}} <script>", "a" * 100),
        *("が" * 50, "क्\u200dष"),
    ],
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
    ("text", "count"),
    [
        ("", 0),
        ("髙﨑", 2),
        ("カ\u3099", 1),
        ("ｶﾞ", 1),
        ("神\U000e0100社", 2),
        ("👩\u200d🔬", 1),
        ("👨\u200d👩\u200d👧\u200d👦 x", 3),
        ("👍🏽👍🏽", 2),
        ("❤\ufe0f\u200d🔥", 1),
        ("🇯🇵🇺🇸", 2),
        ("\u1100\u1161\u11a8", 1),
        ("\u1100\uac00", 1),
        ("각가", 2),
        ("e\u0301\u0323", 1),
    ],
)
def test_length_is_what_a_reader_counts(text: str, count: int) -> None:
    assert graphemes(text) == count


def test_a_missing_language_is_shown_in_the_other_and_never_invented() -> None:
    both, one, none = Text(ja="会議室", en="Room"), Text(ja="会議室"), Text()
    assert (both.best("ja"), both.best("en")) == ("会議室", "Room")
    assert (one.best("en"), one.en) == ("会議室", None)
    assert none.best("en") == ""

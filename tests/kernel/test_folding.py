"""Every way to write the same is found by one key, also while it is still being typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.folding import LONGEST_KEY, plain, search_key
from shared.kernel.variants import forms

_LETTERS = "abcdehikmnostuyzōūé" + "あいうおかがきしっつゃゅょんーアカシッャン" + "髙高﨑崎斎佐々 -・"


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
        ("㍻", "平成"),
        ("①", "1"),
        ("Ōsaka", "Osaka"),
        ("Oosaka", "Osaka"),
        ("Ohsaka", "Osaka"),
        ("Kōhei", "Kouhei"),
        ("Yūki", "Yuuki"),
        ("Jun'ichi", "Jun’ichi"),
        ("Jun'ichi", "junichi"),
        ("O’Brien-Smith", "obrien smith"),
        ("マリー・アン", "まりあん"),
        ("髙﨑", "高崎"),
        ("渡邊", "渡邉"),
        ("齋藤", "斉藤"),
        ("斎藤", "齊藤"),
        ("葛\U000e0100子", "葛子"),
        ("神\ufe00", "神"),
        ("\ufa19", "神"),
        ("佐々木", "佐佐木"),
        ("いすゞ", "いすず"),
        ("ハットリ", "ﾊﾂﾄﾘ"),
        ("ショーン", "しよん"),
        ("ちづる", "ちずる"),
        ("鎌ヶ谷", "鎌ケ谷"),
        ("José", "jose"),
        ("Ærø", "aero"),
        ("Straße", "strasse"),
    ],
)
def test_two_ways_to_write_the_same_are_found_alike(written: str, typed: str) -> None:
    assert search_key(written) == search_key(typed)


@pytest.mark.parametrize(
    ("one", "other"), [("が", "か"), ("大野", "小野"), ("おおの", "おの"), ("阪", "坂"), ("Tani", "Dani"), ("一", "二")]
)
def test_names_that_differ_stay_different(one: str, other: str) -> None:
    assert search_key(one) != search_key(other)


@given(st.text(max_size=40))
def test_a_search_key_is_its_own_search_key(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)


@given(st.text(alphabet=_LETTERS, max_size=30), st.integers(min_value=0, max_value=30))
def test_the_key_of_a_beginning_is_a_beginning_of_the_key(text: str, typed: int) -> None:
    assert search_key(text).startswith(search_key(text[:typed]))


def test_a_key_is_no_longer_than_what_may_be_asked() -> None:
    assert len(search_key("㍿" * 40)) == LONGEST_KEY


def test_private_and_new_characters_are_kept() -> None:
    assert search_key("\ue000\U00031350") == "\ue000\U00031350"


def test_a_form_leads_to_one_that_leads_nowhere() -> None:
    table = forms()
    assert len(table) > 400
    assert not {known for known in table.values() if ord(known) in table}


def test_sorting_keeps_the_vowels_as_they_are_written() -> None:
    assert [plain(name) for name in ("Ōno", "OHNO", "O’Neill", "de la Cruz")] == ["ono", "ohno", "oneill", "delacruz"]

"""What a person is found by, and where they stand in a list."""

import pytest

from services.members.domain.finding import beginnings, english_order, japanese_order, search_keys
from shared.kernel.folding import search_key
from shared.kernel.names import Name

FULL = Name("髙﨑", "葛\U000e0100子", "たかさき", "かつらこ", "Katsurako Takasaki")
ADDRESS = "hanako@bio.example"


def finds(name: Name, typed: str) -> bool:
    return any(key.startswith(search_key(typed)) for key in search_keys(name, ADDRESS))


@pytest.mark.parametrize(
    "typed",
    [
        *("髙", "髙﨑", "高崎", "葛子", "髙﨑 葛子", "葛子 高崎", "葛\U000e0100子"),
        *("たかさき", "ﾀｶｻｷ", "タカサキ　カツラコ", "かつらこ たかさき", "か"),
        *("takasaki", "TAKASAKI", "Katsurako", "katsurako taka", "takasaki katsu", "tákasaki", "t"),
        *("hanako@", "HANAKO@bio"),
    ],
)
def test_a_person_is_found_by_the_beginning_of_every_form(typed: str) -> None:
    assert finds(FULL, typed)


@pytest.mark.parametrize("typed", ["aka", "崎", "さき", "bio", "hanakob", "髙田", "takasakik2"])
def test_and_by_nothing_else(typed: str) -> None:
    assert not finds(FULL, typed)


@pytest.mark.parametrize("typed", ["takasaki", "katsurako", "katurako", "takasaki katu"])
def test_who_gave_no_latin_form_is_found_by_the_kanas(typed: str) -> None:
    assert finds(Name("髙﨑", "葛子", "たかさき", "かつらこ"), typed)


@pytest.mark.parametrize("typed", ["shimbashi", "Shinbashi", "sinbasi", "Ōno", "ohno", "oono", "ONO"])
def test_every_spelling_in_use_finds(typed: str) -> None:
    assert finds(Name("新橋", "大野", "しんばし", "おおの"), typed)


def test_kana_of_the_native_form_are_its_reading() -> None:
    assert finds(Name("さくら", "モモコ"), "momoko sakura")


@pytest.mark.parametrize(
    "typed", ["maria", "cruz", "José", "maria cruz", "cruz maria", "de la cruz", "María José de la"]
)
def test_each_word_of_a_latin_form_begins_it(typed: str) -> None:
    assert finds(Name("デラクルス", "マリア", latin="María José de la Cruz"), typed)


def test_names_of_one_half_leave_no_empty_key() -> None:
    assert "" not in search_keys(Name("・", "花"), ADDRESS)


def test_a_key_is_stored_by_its_first_twelve_beginnings() -> None:
    assert beginnings(["ono", "onk"]) == ("o", "on", "onk", "ono")
    assert max(map(len, beginnings(["x" * 40]))) == 12


def test_a_japanese_list_goes_by_reading_then_latin_then_the_rest() -> None:
    in_order = [
        Name("阿部", "一", "あべ", "はじめ"),
        Name("小野", "健", "おの", "けん"),
        Name("小野田", "愛", "おのだ", "あい"),
        Name("さくら", "花"),
        Name("千波", "愛", "ちは", "あい"),
        Name("千葉", "愛", "ちば", "あい"),
        Name("千葉", "花", "ちば", "はな"),
        Name("Abel", "Zoe"),
        Name("Whitfield", "Clara", latin="Clara Whitfield"),
        Name("丁", "一"),
        Name("高橋", "花", latin="Hana Takahashi"),
    ]
    keys = [japanese_order(name) for name in in_order]
    assert keys == sorted(set(keys))


def test_an_english_list_goes_by_family_name_in_latin_letters_then_the_rest() -> None:
    in_order = [
        Name("阿部", "一", "あべ", "はじめ", "Hajime Abe"),
        Name("de la Cruz", "María", latin="María de la Cruz"),
        Name("大野", "愛", "おおの", "あい", "Ai Ohno"),
        Name("小野", "健", "おの", "けん"),
        Name("小野田", "愛", "おのだ", "あい", "Onoda Ai"),
        Name("高橋", "花", latin="TAKAHASHI Hana"),
        Name("高橋", "亮", latin="Ryo Takahashi"),
        Name("Whitfield", "Clara"),
        Name("丁", "一"),
        Name("高田", "花"),
    ]
    keys = [english_order(name) for name in in_order]
    assert keys == sorted(set(keys))

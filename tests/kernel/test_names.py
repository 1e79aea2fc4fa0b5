"""How people and organizations are written and addressed, and which texts look alike."""

import pytest

from shared.kernel.look_alikes import skeleton
from shared.kernel.names import Name, addressed, organization_addressed, written
from shared.kernel.text import Text

TAKASAKI = Name("髙﨑", "葛\U000e0100子", "たかさき", "かつらこ", "Katsurako TAKASAKI")
KANJI_ONLY = Name("高橋", "花")
CLARA = Name("Whitfield", "Clara", latin="Clara J. Whitfield")


@pytest.mark.parametrize(
    ("name", "japanese", "english"),
    [
        (TAKASAKI, "髙﨑 葛\U000e0100子", "Katsurako TAKASAKI"),
        (KANJI_ONLY, "高橋 花", "高橋 花"),
        (CLARA, "Clara J. Whitfield", "Clara J. Whitfield"),
        (Name("Ōno", "Ken"), "Ken Ōno", "Ken Ōno"),
        (Name("김", "민수"), "김 민수", "김 민수"),
    ],
)
def test_a_name_is_written_as_its_letters_are_and_never_made_up(name: Name, japanese: str, english: str) -> None:
    assert (written(name, "ja"), written(name, "en")) == (japanese, english)


@pytest.mark.parametrize("name", [TAKASAKI, KANJI_ONLY, CLARA])
def test_a_person_is_sama_in_japanese_and_untitled_in_english(name: Name) -> None:
    assert addressed(name, "ja") == written(name, "ja") + " 様"
    assert addressed(name, "en") == written(name, "en")


def test_an_organization_is_onchu_in_japanese_and_untitled_in_english() -> None:
    assert organization_addressed(Text("横浜バイオ", "Yokohama Bio"), "ja") == "横浜バイオ 御中"
    assert organization_addressed(Text("横浜バイオ", "Yokohama Bio"), "en") == "Yokohama Bio"
    assert organization_addressed(Text(en="Yokohama Bio"), "ja") == "Yokohama Bio 御中"
    assert organization_addressed(Text(), "ja") == ""


@pytest.mark.parametrize(
    "text",
    [
        *("admin", "ADMIN", "аdmin", "Αdmin", "adrnin", "adm1n", "adm!n", "ａｄｍｉｎ"),
        *("á d-m.i’n", "ad\u200dmin", "𝐚𝐝𝐦𝐢𝐧", "ⓐdmⅰn"),
    ],
)
def test_what_looks_like_a_word_has_its_skeleton(text: str) -> None:
    assert skeleton(text) == skeleton("admin")


def test_kana_and_characters_that_look_alike_have_one_skeleton() -> None:
    assert skeleton("オペレ一夕一") == skeleton("オペレーター")
    assert skeleton("管理者") != skeleton("管理人")


@pytest.mark.parametrize("text", ["adamin", "髙﨑", "damin", ""])
def test_what_reads_otherwise_has_another(text: str) -> None:
    assert skeleton(text) != skeleton("admin")

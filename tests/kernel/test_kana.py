"""Kana in order, and in Latin letters."""

import pytest

from shared.kernel.kana import Spelling, hiragana, is_kana, kana_order, romanized


@pytest.mark.parametrize(
    ("kana", "hepburn", "passport", "kunrei"),
    [
        ("たかさき", "takasaki", "takasaki", "takasaki"),
        ("シンバシ", "shinbashi", "shimbashi", "sinbasi"),
        ("ほんま", "honma", "homma", "honma"),
        ("ちづる", "chizuru", "chizuru", "tizuru"),
        ("はっとり", "hattori", "hattori", "hattori"),
        ("はっちょう", "hatchou", "hatchou", "hattyou"),
        ("きょうじゅ", "kyouju", "kyouju", "kyouzyu"),
        ("しゃちょう", "shachou", "shachou", "syatyou"),
        ("ｼﾞｭﾝｲﾁ", "junichi", "junichi", "zyuniti"),
        ("ショーン", "shon", "shon", "syon"),
        ("ファティマ", "fatima", "fatima", "fatima"),
        ("ウィリアム", "wiriamu", "wiriamu", "wiriamu"),
        ("イェーガー", "yega", "yega", "yega"),
        ("ヴァン", "van", "van", "van"),
        ("ふじつか", "fujitsuka", "fujitsuka", "huzituka"),
        ("いすゞ", "isuzu", "isuzu", "isuzu"),
        ("っあっ", "a", "a", "a"),
        ("山だ", "山da", "山da", "山da"),
    ],
)
def test_kana_are_spelt_in_each_way_in_use(kana: str, hepburn: str, passport: str, kunrei: str) -> None:
    assert romanized(kana) == Spelling(hepburn, passport, kunrei)


def test_a_list_is_sorted_as_japanese_lists_are() -> None:
    in_order = ["あべ", "イトウ", "かい", "がい", "かう", "さあと", "サード", "サードル", "はっとり", "はつとりい"]
    in_order += ["ばん", "ぱん"]
    keys = [kana_order(kana) for kana in in_order]
    assert keys == sorted(set(keys))


def test_marks_decide_only_between_equal_letters() -> None:
    assert kana_order("ちば") == ("ちは", "01")
    assert kana_order("ちは") == ("ちは", "")
    assert kana_order("ーあ") == ("あ", "")


@pytest.mark.parametrize("text", ["たかさき", "タカサキ", "ﾀｶｻｷ", "マリー・アン", "さくら こ", "ヴァン"])
def test_kana_alone_are_a_reading(text: str) -> None:
    assert is_kana(text)


@pytest.mark.parametrize("text", ["", " ", "・", "高さき", "takasaki", "さ1"])
def test_what_holds_anything_else_is_none(text: str) -> None:
    assert not is_kana(text)


def test_iteration_marks_are_written_out() -> None:
    assert [hiragana(text) for text in ("佐々木", "みすゞ", "ヽヾ", "々", "部々々")] == [
        "佐佐木",
        "みすず",
        "ゝゞ",
        "々",
        "部部部",
    ]

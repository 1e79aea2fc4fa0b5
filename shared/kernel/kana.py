"""Kana: told from other letters, folded, put in order, spelt in Latin letters."""

import functools
import re
import unicodedata
from typing import NamedTuple

_LONG = "ー"
_SMALL = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ")
_ALIKE = str.maketrans("ぢづゐゑを", "じずいえお")
_MARKS = "\u3099\u309a"
_AGAIN = re.compile("(.)([々〻ゝゞ])")
_VOWELS = {"a": "あ", "i": "い", "u": "う", "e": "え", "o": "お"}
_SYLLABLES = (
    "あa いi うu えe おo かka きki くku けke こko がga ぎgi ぐgu げge ごgo さsa しshi すsu せse そso ざza じji ずzu "
    "ぜze ぞzo たta ちchi つtsu てte とto だda ぢji づzu でde どdo なna にni ぬnu ねne のno はha ひhi ふfu へhe ほho "
    "ばba びbi ぶbu べbe ぼbo ぱpa ぴpi ぷpu ぺpe ぽpo まma みmi むmu めme もmo やya ゆyu よyo らra りri るru れre "
    "ろro わwa ゐi ゑe をo ゔvu ゕka ゖke"
)
_KUNREI = {"shi": "si", "ji": "zi", "chi": "ti", "tsu": "tu", "fu": "hu"}
_SMALL_VOWELS = {"ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o", "ゎ": "a"}
_GLIDES = {"ゃ": "a", "ゅ": "u", "ょ": "o"}
_BEFORE_LIPS = re.compile("n(?=[bmp])")


class Spelling(NamedTuple):
    """One word in the three ways that are in use; long vowels are written out, as the kana have them.

    `kunrei` is table 1 of the Cabinet Notice No. 1 of 1954 on spelling in Latin letters (ローマ字のつづり方), `hepburn`
    what its table 2 allows beside it; `passport` is the Foreign Ministry's Hepburn, with m before b, m and p.
    """

    hepburn: str
    passport: str
    kunrei: str


def hiragana(text: str) -> str:
    """Katakana as hiragana, iteration marks written out; everything else as it is."""
    folded = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" or c in "ヽヾ" else c for c in text)
    while (written_out := _AGAIN.sub(_again, folded)) != folded:
        folded = written_out
    return folded


def _again(found: re.Match[str]) -> str:
    before, mark = found.groups()
    return before + (unicodedata.normalize("NFC", before + _MARKS[0]) if mark == "ゞ" else before)


def sound(text: str) -> str:
    """Hiragana by which two spellings of one sound are found alike: no small letters, no long mark, じ for ぢ."""
    return text.translate(_SMALL).translate(_ALIKE).replace(_LONG, "")


def is_kana(text: str) -> bool:
    """True where there is kana and, but for spaces and middle dots, nothing else."""
    letters = [c for c in unicodedata.normalize("NFKC", text) if not c.isspace() and c != "・"]
    return bool(letters) and all("ぁ" <= c <= "ゖ" or "ァ" <= c <= "ヺ" or c in "ーゝゞヽヾ" for c in letters)


def kana_order(kana: str) -> tuple[str, str]:
    """(letters, marks) by which JIS X 4061 sorts: か and が are one letter at first, ー is the vowel it lengthens.

    `marks` decides between equal letters: a digit for each of them, 0 without a mark.
    """
    letters, marks = "", ""
    for c in hiragana(unicodedata.normalize("NFKC", kana)).translate(_SMALL):
        apart = unicodedata.normalize("NFD", c)
        letters += _vowel_of(letters) if c == _LONG else apart[0]
        marks += str(1 + _MARKS.index(apart[1])) if apart[1:2] and apart[1] in _MARKS else "0"
    return letters, marks.rstrip("0")


def _vowel_of(letters: str) -> str:
    """The letter of the vowel that `letters` end in; nothing where they do not."""
    syllable = _syllables().get(letters[-1:], "")
    return _VOWELS.get(syllable[-1:], "")


def romanized(kana: str) -> Spelling:
    """`kana` (either script) in Latin letters; what is no kana stays."""
    text = hiragana(unicodedata.normalize("NFKC", kana))
    hepburn = _spelt(text, kunrei=False)
    return Spelling(hepburn, _BEFORE_LIPS.sub("m", hepburn), _spelt(text, kunrei=True))


def _spelt(text: str, *, kunrei: bool) -> str:
    spelt, doubled = "", False
    for place, c in enumerate(text):
        syllable = _syllable(c, text[place + 1 : place + 2], kunrei=kunrei)
        if doubled and syllable[:1].isalpha():
            first = syllable[0]
            spelt += "" if first in "aiueon" else "t" if first == "c" else first
        doubled = c == "っ"
        spelt += syllable
    return spelt


def _syllable(c: str, following: str, *, kunrei: bool) -> str:
    """What `c` contributes, given the small letter that may follow it; that letter then contributes nothing."""
    if c == "ん":
        return "n"
    if c in _SMALL_VOWELS or c in _GLIDES or c in (_LONG, "っ"):
        return ""
    syllable = _syllables().get(c, c)
    if following in _SMALL_VOWELS:
        return _STEMS.get(syllable, syllable[:-1]) + _SMALL_VOWELS[following]
    syllable = _KUNREI.get(syllable, syllable) if kunrei else syllable
    if following in _GLIDES:
        stem = syllable[:-1]
        return (stem if stem in ("sh", "ch", "j") else f"{stem}y") + _GLIDES[following]
    return syllable


_STEMS = {"u": "w", "i": "y"}
"""う and い before a small vowel: ウィ, イェ."""


@functools.cache
def _syllables() -> dict[str, str]:
    return {each[0]: each[1:] for each in _SYLLABLES.split(" ")}

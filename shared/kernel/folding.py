"""What a text is found by: every way to write the same gives one key. For search, never for storage."""

import re
import unicodedata

from shared.kernel.kana import hiragana, sound
from shared.kernel.variants import forms

LONGEST_KEY = 64
_LATIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
_KEPT = frozenset("@")
_DROPPED = frozenset("\u02bb\u02bc\u2212\u2800`")
"""The letters ʻ and ʼ, which are used as apostrophes; the minus sign, used as a hyphen; the Braille blank."""
_ROUNDS = 8
# ō is written o, oo, ou (the kana letter by letter), or oh (which Japanese passports allow for it); ū is u, uu. What
# lengthens an o is dropped whatever comes next, so the key of a beginning is always the beginning of the key, and a
# name is found while it is still being typed.
_LONG_VOWELS = (
    (re.compile("o[ouh]+"), "o"),
    (re.compile("aa+"), "a"),
    (re.compile("ii+"), "i"),
    (re.compile("uu+"), "u"),
    (re.compile("ee+"), "e"),
)


def search_key(text: str) -> str:
    """NFKC and case, kana to hiragana of one sound, forms of a character, accents, long vowels, spaces, punctuation.

    Its own key, at most LONGEST_KEY characters, perhaps empty. For letters and digits the key of a beginning is a
    beginning of the key.
    """
    key = _folded(text)
    for _ in range(_ROUNDS):
        if (again := _folded(key)) == key:
            break
        key = again
    return key[:LONGEST_KEY]


def plain(text: str) -> str:
    """NFKC and case, without accents, spaces and punctuation: what a Latin name is sorted by."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    apart = unicodedata.normalize("NFKD", folded)
    bare = unicodedata.normalize("NFKC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))
    return "".join(c for c in bare.translate(_LATIN) if not is_passed_over(c))


def _folded(text: str) -> str:
    key = sound(hiragana(plain(text)).translate(forms()))
    for long, short in _LONG_VOWELS:
        key = long.sub(short, key)
    return key


def is_passed_over(c: str) -> bool:
    """Spaces, hyphens, apostrophes, middle dots and other punctuation; what has no width; variation selectors."""
    if c in _KEPT:
        return False
    category = unicodedata.category(c)
    return category[0] in "ZP" or category in ("Cc", "Cf", "Cs") or c in _DROPPED or _selects(c)


def _selects(c: str) -> bool:
    return "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef" or "\u180b" <= c <= "\u180d"

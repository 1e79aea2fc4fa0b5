"""Texts that look alike to a reader have one skeleton (Unicode Technical Standard 39, section 4), whatever they are
spelt with. For comparing with words that matter; never shown, never stored.
"""

import unicodedata

from shared.kernel.folding import is_passed_over
from shared.kernel.text import DISGUISES

# Letters of other scripts that confusables.txt of UTS 39 (Unicode 15.1) lists for a Latin letter, or for its capital,
# and that a keyboard or a phone can write: Cyrillic, Greek, Armenian, Cherokee, Latin extensions; signs and digits that
# are read as letters. What NFKC makes Latin is not repeated.
_LATIN = {
    "a": "аАαΑɑᎪ",
    "b": "ЬВΒβЪᏴƄ",
    "c": "сСϲϹᏟ",
    "d": "ԁԀᎠɗ",
    "e": "еЕΕεҽᎬ℮",
    "f": "ϜϝғҒ",
    "g": "ցԌɡᏀ",
    "h": "һНΗհҺᎻη",
    "i": "іІιΙӏӀıɩlL1|!ᏞӀ",
    "j": "јЈϳᎫյ",
    "k": "кКκΚᏦ",
    "m": "мМΜᎷ",
    "n": "пΝոռ",
    "o": "оОοΟօՕσ0ᏅՑ",
    "p": "рРρΡᏢ",
    "q": "ԛԚգ",
    "r": "гꭇᎡɾ",
    "s": "ѕЅՏᏚƽ",
    "t": "тТτΤᎢ",
    "u": "υսՍʋ",
    "v": "ѵѴνᏙ",
    "w": "ԝԜωшШᎳ",
    "x": "хХχΧ",
    "y": "уУγΥүҮᎽ",
    "z": "ΖᏃ",
}
_KANA = {"カ": "力", "エ": "工", "ニ": "二", "ハ": "八", "ト": "卜", "タ": "夕", "ロ": "口", "ー": "一―"}
_TOGETHER = (("rn", "m"), ("vv", "w"))


def skeleton(text: str) -> str:
    """Equal for texts that a reader takes for the same; without case, accents, spaces and punctuation."""
    seen = _translated(unicodedata.normalize("NFKC", "".join(c for c in text if ord(c) not in DISGUISES)))
    bare = "".join(c for c in unicodedata.normalize("NFKD", seen) if not "\u0300" <= c <= "\u036f")
    folded = _translated(unicodedata.normalize("NFKC", bare.casefold()))
    kept = "".join(c for c in folded if not is_passed_over(c))
    for pair, one in _TOGETHER:
        kept = kept.replace(pair, one)
    return kept


def _translated(text: str) -> str:
    return text.translate(_TABLE)


_TABLE = {ord(form): known for known, alike in (*_LATIN.items(), *_KANA.items()) for form in alike}

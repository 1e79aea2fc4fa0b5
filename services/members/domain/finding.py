"""What a person is found by and where they stand in a list: forms of the name, folded; nothing here is ever shown."""

import re
from collections.abc import Iterable

from shared.kernel.folding import plain, search_key
from shared.kernel.kana import hiragana, is_kana, kana_order, romanized
from shared.kernel.names import Name, is_latin

LONGEST_BEGINNING = 12
"""Characters of a key whose beginnings are stored, each by itself; few names agree in more."""
_LONGEST_ORDER = 160
_MOST_WORDS = 6
_KNOWN, _LATIN_ONLY, _UNREAD = "1", "2", "3"
_LONG_VOWEL = (re.compile("o[ou]+"), "o"), (re.compile("uu+"), "u")


def search_keys(name: Name, address: str) -> tuple[str, ...]:
    """The keys of every form a person may be looked up by, from its beginning: both orders of native, kana and Latin.

    The kana are spelt in Latin letters too, in each way in use, so a person is found by them who gave no Latin form.
    """
    readings = _reading(name.family_kana, name.family), _reading(name.given_kana, name.given)
    halves = [(name.family, name.given), (readings[0] or "", readings[1] or "")]
    if all(readings):
        halves += zip(*(romanized(reading or "") for reading in readings), strict=True)
    forms = [form for one, other in halves for form in (one + other, other + one)]
    forms += [*_turned((name.latin or "").split()), address]
    return tuple(sorted({key for form in forms if (key := search_key(form))}))


def beginnings(keys: Iterable[str]) -> tuple[str, ...]:
    """Each beginning of each key, up to LONGEST_BEGINNING characters."""
    return tuple(sorted({key[:end] for key in keys for end in range(1, min(len(key), LONGEST_BEGINNING) + 1)}))


def japanese_order(name: Name) -> str:
    """Sorts as a Japanese list does: by reading (JIS X 4061), then who is written in Latin letters, then the rest.

    The rest are names in Chinese characters whose reading nobody gave: by code point.
    """
    family, given = _reading(name.family_kana, name.family), _reading(name.given_kana, name.given)
    if family is not None:
        letters, marks = kana_order(family)
        more, further = kana_order(given or name.given)
        return _order(_KNOWN, letters, more, f"{marks}/{further}")
    if is_latin(name.family + name.given):
        return _order(_LATIN_ONLY, *_latin_halves(name))
    return _order(_UNREAD, plain(name.family), plain(name.given))


def english_order(name: Name) -> str:
    """Sorts as an English list does: by family name in Latin letters, given or spelt from the kana; then the rest."""
    family, given = _latin_halves(name)
    return _order(_KNOWN, family, given) if family else _order(_UNREAD, plain(name.family), plain(name.given))


def _order(place: str, *parts: str) -> str:
    """A space sorts before every letter, so おの comes before おのだ whatever follows."""
    return (place + " ".join(parts))[:_LONGEST_ORDER]


def _reading(kana: str | None, native: str) -> str | None:
    """How a half of a name is read, where that is known."""
    return kana if kana is not None else native if is_kana(native) else None


def _turned(words: list[str]) -> list[str]:
    """The words of a Latin form, begun at each of them, and the last one right after the first."""
    words = words[:_MOST_WORDS]
    turned = ["".join(words[place:] + words[:place]) for place in range(len(words))]
    return [*turned, "".join([words[0], words[-1], *words[1:-1]])] if len(words) > 2 else turned


def _latin_halves(name: Name) -> tuple[str, str]:
    """(family, given) in Latin letters, folded for sorting; empty where there is no such form."""
    if is_latin(name.family + name.given):
        return plain(name.family), plain(name.given)
    if words := (name.latin or "").split():
        places = _family_words(words, name)
        rest = [word for place, word in enumerate(words) if place not in places]
        return plain("".join(words[place] for place in places)), plain("".join(rest))
    family, given = _reading(name.family_kana, name.family), _reading(name.given_kana, name.given)
    return (_shortened(family), _shortened(given or "")) if family is not None else ("", "")


def _family_words(words: list[str], name: Name) -> list[int]:
    """Which of the words are the family name: what reads like it, else what stands in capitals, else the last."""
    spelt = {search_key(name.family)}
    if (reading := _reading(name.family_kana, name.family)) is not None:
        spelt |= {search_key(each) for each in romanized(reading)}
    alike = [place for place, word in enumerate(words) if search_key(word) in spelt]
    capitals = [place for place, word in enumerate(words) if len(word) > 1 and word.isupper()]
    if alike:
        return alike[:1]
    return capitals if 0 < len(capitals) < len(words) else [len(words) - 1]


def _shortened(kana: str) -> str:
    """As passports spell it: without the second half of a long o or u."""
    spelt = romanized(hiragana(kana)).passport
    for long, short in _LONG_VOWEL:
        spelt = long.sub(short, spelt)
    return plain(spelt)

"""How people and organizations are written, and how they are addressed, in each language."""

import unicodedata
from dataclasses import dataclass

from shared.kernel.text import Language, Text

_TO_A_PERSON = "様"
_TO_AN_ORGANIZATION = "御中"


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name as they write it: native, kana, Latin; never normalized."""

    family: str
    given: str
    family_kana: str | None = None
    given_kana: str | None = None
    latin: str | None = None


def written(name: Name, language: Language) -> str:
    """The name alone. What a person did not give is not made up: without a Latin form the native one stands.

    Japanese letters read family first in either language; Latin ones given first, or as the person gave them.
    """
    native_is_latin = is_latin(name.family + name.given)
    if name.latin is not None and (language == "en" or native_is_latin):
        return name.latin
    return f"{name.given} {name.family}" if native_is_latin else f"{name.family} {name.given}"


def addressed(name: Name, language: Language) -> str:
    """The name as a letter's address has it: 様 behind it in Japanese, nothing in English."""
    return _with(written(name, language), _TO_A_PERSON, language)


def organization_addressed(name: Text, language: Language) -> str:
    """An organization as a letter's address has it: 御中 behind it in Japanese, nothing in English; empty without name.

    御中 is for a letter to nobody by name: where a person of the organization is addressed, they get 様, it gets none.
    """
    best = name.best(language)
    return _with(best, _TO_AN_ORGANIZATION, language) if best else ""


def is_latin(text: str) -> bool:
    """True where every letter is a Latin one, and there is one."""
    letters = [c for c in unicodedata.normalize("NFKC", text) if c.isalpha()]
    return bool(letters) and all(unicodedata.name(c, "").startswith("LATIN") for c in letters)


def _with(name: str, title: str, language: Language) -> str:
    return f"{name} {title}" if language == "ja" else name

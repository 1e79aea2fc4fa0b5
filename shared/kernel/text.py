"""Bilingual text, and what a text that people read may hold (rows U4–U7, U9 of the input table)."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]

# Directional overrides and isolates, invisible joiners used to disguise, the tag block: refused in names and titles.
# U+200D (emoji joiner) and variation selectors are part of honest writing and stay.
_DISGUISES = frozenset(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200C, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x061C]
)
_BLANK_LETTERS = frozenset("\u2800\u3164\u115f\u1160\uffa0")


@dataclass(frozen=True, slots=True)
class Text:
    """What people read, in Japanese and English; a missing language is missing, never invented."""

    ja: str | None = None
    en: str | None = None

    def best(self, language: Language) -> str:
        """In `language` if there, else in the other; empty only if both are missing."""
        first, second = (self.ja, self.en) if language == "ja" else (self.en, self.ja)
        return first or second or ""


def search_key(text: str) -> str:
    """NFKC, casefolded, katakana folded to hiragana, macrons and white space dropped; for search, never for storage."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    hiragana = "".join(chr(ord(c) - 0x60) if "\u30a1" <= c <= "\u30f6" else c for c in folded)
    plain = "".join(c for c in unicodedata.normalize("NFKD", hiragana) if c not in "\u0302\u0304")
    return unicodedata.normalize("NFKC", "".join(plain.split()))


def fault_of_line(text: str, *, longest: int = 100) -> str | None:
    """Why `text` cannot be a one-line name or title (a slug), or None. Length is counted in graphemes, roughly."""
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text) or "=?" in text:
        return "control-characters"
    if any(ord(c) in _DISGUISES or 0xE0000 <= ord(c) <= 0xE007F for c in text):
        return "disguising-characters"
    if not any(not c.isspace() and c not in _BLANK_LETTERS for c in text):
        return "blank"
    return _fault_of_length(text, longest)


def fault_of_prose(text: str, *, longest: int = 10_000) -> str | None:
    """Why `text` cannot be prose of several lines (a slug), or None."""
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text.replace("\r\n", "\n")):
        return "control-characters"
    return _fault_of_length(text, longest)


def _fault_of_length(text: str, longest: int) -> str | None:
    graphemes = sum(1 for c in text if not unicodedata.combining(c) and not 0xFE00 <= ord(c) <= 0xFE0F)
    return "too-long" if graphemes > longest or len(text.encode()) > longest * 4 else None

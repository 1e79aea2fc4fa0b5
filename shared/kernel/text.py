"""Bilingual text, and what a text that people read may hold (rows U4–U7, U9 of the input table)."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]

DISGUISES = frozenset(
    [
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x180E, 0x200B, 0x200C, 0x200E, 0x200F, 0x3164, 0xFEFF, 0xFFA0),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFFF9, 0xFFFC),
        *range(0x1BCA0, 0x1BCA4),
        *range(0x1D173, 0x1D17B),
        *range(0xE0000, 0xE0080),
    ]
)
"""Code points that turn the direction of a line or have no width, and the tag block: refused in names and titles,
dropped where text is shown or logged. U+200D (the emoji joiner) and variation selectors are part of honest writing."""
_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_VIRAMA = 9
_BLANK_LETTERS = frozenset("\u2800\u3164\u115f\u1160\uffa0")
_BYTES_PER_GRAPHEME = 4


@dataclass(frozen=True, slots=True)
class Text:
    """What people read, in Japanese and English; a missing language is missing, never invented."""

    ja: str | None = None
    en: str | None = None

    def best(self, language: Language) -> str:
        """In `language` if there, else in the other; empty only if both are missing."""
        first, second = (self.ja, self.en) if language == "ja" else (self.en, self.ja)
        return first or second or ""


def fault_of_line(text: str, *, longest: int = 100) -> str | None:
    """Why `text` cannot be a one-line name or title (a slug), or None. At most `longest` graphemes, four bytes each."""
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text) or "=?" in text:
        return "control-characters"
    if is_blank(text):
        return "blank"
    if any(ord(c) in DISGUISES for c in text) or not _joins_honestly(text):
        return "disguising-characters"
    return _fault_of_length(text, longest)


def is_blank(text: str) -> bool:
    """Whether a reader sees nothing of it."""
    return not any(not c.isspace() and c not in _BLANK_LETTERS for c in text)


def fault_of_prose(text: str, *, longest: int = 10_000) -> str | None:
    """Why `text` cannot be prose of several lines (a slug), or None."""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text.replace("\r\n", "\n")):
        return "control-characters"
    return _fault_of_length(text, longest)


def graphemes(text: str) -> int:
    """How many characters a reader counts: the extended grapheme clusters of UAX #29.

    What is a pictograph is told by its category, which the standard library knows, not by Unicode's emoji tables.
    """
    count = flags = 0
    before = ""
    for c in text:
        flags = flags + 1 if _is_flag_letter(c) else 0
        if not before or not (_extends(c) or _is_one(before, c, flags)):
            count += 1
        before = c
    return count


def _is_one(before: str, c: str, flags: int) -> bool:
    """A pictograph after a joiner, the second letter of a flag, the rest of a Hangul syllable."""
    if before == _JOINER:
        return unicodedata.category(c).startswith("S")
    if flags:
        return flags % 2 == 0
    return ("\u1160" <= c <= "\u11ff" and _is_hangul(before)) or (
        "\u1100" <= before <= "\u115f" and ("\u1100" <= c <= "\u115f" or "\uac00" <= c <= "\ud7a3")
    )


def _extends(c: str) -> bool:
    """Marks, joiners, skin tones, and the half-width voicing marks."""
    return unicodedata.category(c) in ("Mn", "Me", "Mc") or c in "\u200c\u200d\uff9e\uff9f" or "🏻" <= c <= "🏿"


def _is_flag_letter(c: str) -> bool:
    return "\U0001f1e6" <= c <= "\U0001f1ff"


def _is_hangul(c: str) -> bool:
    return "\u1100" <= c <= "\u11ff" or "\uac00" <= c <= "\ud7a3"


def _joins_honestly(text: str) -> bool:
    """A joiner stands between two pictographs, or behind a virama (RFC 5892, appendix A.2); elsewhere it hides."""
    for place, c in enumerate(text):
        if c != _JOINER:
            continue
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        picture = before and (unicodedata.category(before).startswith("S") or before == _EMOJI_STYLE)
        if not (picture and after and unicodedata.category(after).startswith("S")) and not (
            before and unicodedata.combining(before) == _VIRAMA
        ):
            return False
    return True


def _fault_of_length(text: str, longest: int) -> str | None:
    too_long = graphemes(text) > longest or len(text.encode()) > longest * _BYTES_PER_GRAPHEME
    return "too-long" if too_long else None

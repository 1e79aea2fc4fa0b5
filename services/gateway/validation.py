"""What is wrong with a request's content, said by path, slug and sentence, and never by its value."""

import re
from typing import Any

from pydantic import ValidationError

from shared.kernel.refusal import Invalid, Refusal
from shared.kernel.text import Language, Text

_MOST_ERRORS = 20
_SLUG = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
_FIELD = re.compile(r"[A-Za-z0-9_@$ .:-]{1,64}")
_BY_KIND = {
    "extra_forbidden": "unknown-field",
    "missing": "required",
    "timezone_aware": "timezone-required",
    "string_pattern_mismatch": "wrong-form",
    "string_too_long": "too-long",
    "string_too_short": "too-short",
    "too_long": "too-long",
    "too_short": "too-short",
    "literal_error": "unknown-value",
    "enum": "unknown-value",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
    "multiple_of": "out-of-range",
    "int_parsing_size": "out-of-range",
    "finite_number": "out-of-range",
}
_TEXTS = {
    "unknown-field": Text(ja="この項目はありません。", en="There is no such field."),
    "required": Text(ja="必須です。", en="This is required."),
    "timezone-required": Text(ja="時刻にはUTCからの差が必要です。", en="A time needs its offset from UTC."),
    "wrong-form": Text(ja="形式が正しくありません。", en="This does not have the form it should."),
    "wrong-type": Text(ja="型が正しくありません。", en="This is not of the right type."),
    "too-long": Text(ja="長すぎます。", en="This is too long."),
    "too-short": Text(ja="短すぎます。", en="This is too short."),
    "unknown-value": Text(ja="選べる値ではありません。", en="This is not one of the values to choose from."),
    "out-of-range": Text(ja="範囲外です。", en="This is out of range."),
    "invalid-time": Text(ja="RFC 3339 の日時ではありません。", en="This is no date and time of RFC 3339."),
    "blank": Text(ja="空白だけです。", en="This is blank."),
    "control-characters": Text(ja="制御文字があります。", en="This holds control characters."),
    "disguising-characters": Text(
        ja="見えない・向きを変える文字があります。", en="This holds characters that disguise."
    ),
    "text-missing": Text(ja="日本語か英語のどちらかが必要です。", en="Japanese or English is needed."),
    "invalid-value": Text(ja="正しい値ではありません。", en="This is not a valid value."),
}


def texts_of_codes() -> dict[str, tuple[int, Text]]:
    """For the catalogue."""
    return {code: (422, text) for code, text in _TEXTS.items()} | {"invalid": (422, Invalid.message)}


class NotValid(Invalid):
    """`errors` names every fault; `code` is theirs where they all have one, else `invalid`."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        codes = {each["code"] for each in errors}
        code = codes.pop() if len(codes) == 1 else Invalid.code
        super().__init__(message=_TEXTS.get(code, Invalid.message), errors=errors[:_MOST_ERRORS])
        self.code = code  # type: ignore[misc]  # one class for all codes of validation


def fault(path: str, code: str, language: Language) -> dict[str, str]:
    """One entry of `errors`."""
    text = _TEXTS.get(code, _TEXTS["invalid-value"])
    return {"path": path, "code": code, "message": text.best(language)}


def not_valid(error: ValidationError, language: Language, *, flat: bool = False) -> Refusal:
    """The refusal for what a contract model found; of several faults of one path the first speaks.

    `flat`: of query parameters, whose paths are one name; what follows it names the types that were tried.
    """
    found: dict[str, dict[str, str]] = {}
    for each in error.errors(include_input=False, include_url=False, include_context=True):
        path = _pointer(each["loc"][:1] if flat else each["loc"])
        if path not in found or found[path]["code"] == "invalid-time":
            found[path] = fault(path, _code_of(each), language)
    return NotValid(list(found.values()))


def _pointer(loc: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" if _FIELD.fullmatch(str(part)) else "/?" for part in loc)


def _code_of(each: Any) -> str:
    kind: str = each["type"]
    if kind in ("value_error", "assertion_error"):
        said = str(each.get("ctx", {}).get("error", ""))
        return said if _SLUG.fullmatch(said) else "invalid-value"
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    if kind.startswith(("datetime", "date_", "time_")) and not kind.endswith("_type"):
        return "invalid-time"
    return "wrong-type" if kind.endswith(("_type", "_parsing")) else "invalid-value"

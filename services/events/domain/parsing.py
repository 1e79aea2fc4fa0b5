"""Bytes to plain JSON values, or the reason why not: strict UTF-8, no duplicate keys, no NaN, bounded depth."""

import json
import re
from typing import Any

DEEPEST = 16
MOST_KEYS = 2_000
_LARGEST_INTEGER = 2**63
_LONGEST_NUMBER = 64
_BAD_KEY = re.compile(r"^\$|^__proto__$|\x00")
_BAD_TEXT = re.compile("[\x00\ud800-\udfff]")


class NotJson(ValueError):
    """Not one JSON object that could be kept; the text says why."""


class BadText(ValueError):
    """A key that means something to a store or a language, or text that cannot be stored."""


def parsed(raw: bytes) -> dict[str, Any]:
    """The JSON object `raw` holds. Raises NotJson."""
    try:
        value = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_int,
            parse_float=_float,
        )
    except RecursionError:
        raise NotJson("too deep") from None
    except UnicodeDecodeError:
        raise NotJson("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"not JSON at character {error.pos}" if raw.strip() else "empty") from None
    if not isinstance(value, dict):
        raise NotJson("not a JSON object")
    _bounded(value)
    return value


def canonical(value: Any) -> bytes:
    """Equal for values that say the same, whatever the white space and order of members. Raises BadText."""
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    except (UnicodeEncodeError, ValueError):
        raise BadText("text that cannot be stored") from None


def check_text(value: Any) -> None:
    """Raises BadText for `$…`, `__proto__` or NUL in a key, NUL or half a surrogate pair in text, at any depth."""
    if isinstance(value, str):
        if _BAD_TEXT.search(value):
            raise BadText("text that cannot be stored")
    elif isinstance(value, dict):
        for key, each in value.items():
            if _BAD_KEY.search(key) or _BAD_TEXT.search(key):
                raise BadText("a key that cannot be stored")
            check_text(each)
    elif isinstance(value, list):
        for each in value:
            check_text(each)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotJson("a key stands twice")
    return made


def _no_constant(name: str) -> Any:
    raise NotJson(f"{name} is not JSON")


def _int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER or not -_LARGEST_INTEGER <= (number := int(digits)) < _LARGEST_INTEGER:
        raise NotJson("an integer out of range")
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise NotJson("a number out of range")
    return number


def _bounded(value: Any) -> None:
    """Walks without recursion, so that depth is told, not suffered."""
    keys, level, depth = 0, [value], 1
    while level:
        if depth > DEEPEST:
            raise NotJson("too deep")
        below: list[Any] = []
        for each in level:
            inner = list(each.values()) if isinstance(each, dict) else each
            keys += len(inner)
            below += [x for x in inner if isinstance(x, dict | list)]
        if keys > MOST_KEYS:
            raise NotJson("too many members")
        level, depth = below, depth + 1

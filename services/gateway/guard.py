"""The one JSON guard: what passes here is JSON that every part behind can hold, store and answer again.

Rows H1–H12 of the input table. A fast path proves the common body harmless with a few scans; whatever it cannot prove
goes through the strict pass, which alone decides what is refused and why.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Never

import orjson

from services.gateway.refusals import (
    DuplicateKey,
    InvalidKey,
    InvalidText,
    MalformedBody,
    MalformedJson,
    OutOfRange,
    TooDeep,
    TooLong,
    TooManyKeys,
)

LARGEST_BODY = 64 * 1024
DEEPEST = 16
MOST_KEYS = 200
LONGEST_STRING = 10 * 1024
_LONGEST_NUMBER = 1_000
_LONGEST_PATH = 200
_BOM = b"\xef\xbb\xbf"
_END_OF_KEY = re.compile(rb'"[ \t\r\n]*:')
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A string, closed or not, or a bracket. Each `"` met begins a match, so no character is looked at twice."""
_META_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Checked:
    """A body that passed: the JSON text without BOM, and its value."""

    raw: bytes
    value: Any


def check(raw: bytes, *, free_keys: bool = False) -> Checked:
    """Let `raw` pass, or raise the refusal its row of the table names. `free_keys`: any key but one holding NUL."""
    if raw[:3] == _BOM:
        raw = raw[3:]
    if not raw or raw.isspace():
        raise MalformedBody
    passed = _proven_harmless(raw)
    return passed if passed is not None else Checked(raw, _strict(raw, free_keys=free_keys))


def _proven_harmless(raw: bytes) -> Checked | None:
    """The value if a few scans prove that the strict pass would let it pass; None if they do not.

    Without a backslash nothing is escaped: no NUL or surrogate can be there, and each `"` delimits a string, so the
    matches of `":` are at least the keys written. If as many keys are in the value, none was written twice.
    """
    if b"\\" in raw or len(raw) > LONGEST_STRING or raw.count(b"{") + raw.count(b"[") > DEEPEST or b'"meta"' in raw:
        return None
    if _LONG_NUMBER.search(raw):
        return None
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    written = len(_END_OF_KEY.findall(raw))
    if written > MOST_KEYS or written != _keys_in(value):
        return None
    return Checked(raw, value) if (b"." not in raw and b"$" not in raw) or _all_keys_good(value) else None


def _keys_in(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_keys_in(each) for each in value.values() if isinstance(each, dict | list))
    if isinstance(value, list):
        return sum(_keys_in(each) for each in value if isinstance(each, dict | list))
    return 0


def _all_keys_good(value: Any) -> bool:
    """Of a value without `meta`."""
    if isinstance(value, dict):
        return all(_good_key(name, in_meta=False) for name in value) and all(map(_all_keys_good, value.values()))
    return all(map(_all_keys_good, value)) if isinstance(value, list) else True


def _strict(raw: bytes, *, free_keys: bool) -> Any:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(offset=error.start) from None
    if _depth(text) > DEEPEST:
        raise TooDeep
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise MalformedJson(offset=error.pos) from None
    _check_value(value, path="", free_keys=free_keys)
    return value


def _depth(text: str) -> int:
    deepest = depth = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first != '"':
            depth += 1 if first in "[{" else -1
            deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise DuplicateKey
    return made


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise MalformedJson
    value = int(digits)
    if not -(2**63) < value < 2**63:
        raise OutOfRange
    return value


def _number(digits: str) -> float:
    value = float(digits)
    if len(digits) > _LONGEST_NUMBER or not math.isfinite(value):
        raise MalformedJson
    return value


def _constant(_: str) -> Never:
    raise MalformedJson


def _check_value(value: Any, *, path: str, free_keys: bool, in_meta: bool = False) -> None:
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, dict):
        _check_keys(value, path=path, free_keys=free_keys, in_meta=in_meta)
        for key, each in value.items():
            inner = in_meta or key == "meta"
            _check_value(each, path=_under(path, key), free_keys=free_keys, in_meta=inner)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _check_value(each, path=_under(path, index), free_keys=free_keys, in_meta=in_meta)


def _under(path: str, step: str | int) -> str:
    """The path a step further, cut: it is told in refusals, and every value below pays for its length."""
    return path if len(path) >= _LONGEST_PATH else f"{path}/{step}"[:_LONGEST_PATH]


def _check_keys(keys: Iterable[str], *, path: str, free_keys: bool, in_meta: bool) -> None:
    names = list(keys)
    if len(names) > MOST_KEYS:
        raise TooManyKeys(path=path)
    for name in names:
        if "\0" in name or _SURROGATE.search(name) or (not free_keys and not _good_key(name, in_meta=in_meta)):
            raise InvalidKey(path=path)
        _check_text(name, path)


def _good_key(name: str, *, in_meta: bool) -> bool:
    return bool(_META_KEY.fullmatch(name)) if in_meta else not name.startswith("$") and "." not in name


def _check_text(text: str, path: str) -> None:
    if "\0" in text or _SURROGATE.search(text):
        raise InvalidText(path=path)
    if len(text) > LONGEST_STRING or len(text.encode()) > LONGEST_STRING:
        raise TooLong(path=path)

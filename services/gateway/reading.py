"""From path, query string and body to the JSON of a command or query, judged by its contract model."""

import functools
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from services.gateway import body, guard
from services.gateway.calls import CURSOR, DRY_RUN, Call
from services.gateway.problems import header, language_of
from services.gateway.refusals import InvalidText, UnknownParameter
from services.gateway.validation import NotValid, fault, not_valid
from shared.contracts.message import Command, Query
from shared.kernel.ids import ID_PATTERN
from shared.kernel.refusal import NotFound
from shared.kernel.text import Language

_MOST_PARAMETERS = 50
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}.*)?")
_UNESCAPED_PLUS = re.compile(r"(T[0-9:.]+) ([0-9]{2}:[0-9]{2})")
_EMPTY: frozenset[str] = frozenset()
_NOTHING: Mapping[str, str | bool | None] = {}


def path_fields(request: Request, call: Call) -> dict[str, str]:
    """The fields the path gives. What cannot be an id is not there (row H23)."""
    found = {}
    for name, field in call.from_path.items():
        value = request.path_params[name]
        if not ID_PATTERN.fullmatch(value):
            raise NotFound
        found[field] = value
    return found


def query_pairs(request: Request) -> dict[str, str]:
    """The query string, each name once. Raises UnknownParameter for a name that comes twice, InvalidText."""
    raw: bytes = request.scope["query_string"]
    if not raw:
        return {}
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise InvalidText from None
    except ValueError:
        raise UnknownParameter from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnknownParameter
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidText
    return found


def no_parameters(request: Request, allowed: frozenset[str] = _EMPTY) -> dict[str, str]:
    """The query parameters, all among `allowed`. Raises UnknownParameter."""
    pairs = query_pairs(request)
    if pairs.keys() - allowed:
        raise UnknownParameter
    return pairs


def rehearses(request: Request) -> bool:
    """Whether `?dry_run=` says so. Raises UnknownParameter for any other parameter, NotValid."""
    said = no_parameters(request, frozenset({DRY_RUN})).get(DRY_RUN, "false")
    if said not in ("true", "false"):
        raise NotValid([fault(f"/{DRY_RUN}", "wrong-type", _language(request))])
    return said == "true"


class QueryReader:
    """Reads what a query asks for."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._given = {given: info.alias or name for given, (name, info) in call.rest().items()}
        shapes = call.ask.model_json_schema()["properties"]
        self._kinds = {alias: _kind_of(shapes[alias]) for alias in self._given.values()}

    def read(self, request: Request, opened: Callable[[str], str]) -> bytes:
        """The query's JSON. `opened` gives a service's cursor for ours."""
        fields: dict[str, Any] = dict(path_fields(request, self._call))
        for given, text in query_pairs(request).items():
            if given not in self._given:
                raise UnknownParameter
            alias = self._given[given]
            fields[alias] = opened(text) if given == CURSOR else _value(text, self._kinds[alias])
        raw = orjson.dumps(fields)
        judged(self._call.ask, raw, fields, request, flat=True)
        return raw


class BodyReader:
    """Reads what a command carries. An action or DELETE that need not say anything in its body takes none, or `{}`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._bare = call.bare
        self._fields = call.filled
        self._parameters = frozenset({DRY_RUN}) if call.dry_run else _EMPTY

    async def read(self, request: Request, known: Mapping[str, str | bool | None] = _NOTHING) -> bytes:
        """The command's JSON: the path's fields and what the gateway knows, then the body as it was sent."""
        fields = {**path_fields(request, self._call), **known} if self._fields else {}
        no_parameters(request, self._parameters)
        raw = await body.read(request.receive, request.scope)
        if self._bare and not raw:
            sent = guard.Checked(b"{}", {})
        else:
            body.media_type(request.scope)
            sent = guard.check(raw)
        if not self._fields:
            judged(self._call.ask, sent.raw, sent.value, request)
            return sent.raw
        language = _language(request)
        if not isinstance(sent.value, dict):
            raise NotValid([fault("", "wrong-type", language)])
        if foreign := self._fields & sent.value.keys():
            raise NotValid([fault(f"/{name}", "unknown-field", language) for name in sorted(foreign)])
        whole = orjson.dumps(fields)
        if sent.value:
            whole = whole[:-1] + b"," + sent.raw.strip()[1:]
        judged(self._call.ask, whole, sent.value | fields, request)
        return whole


def judged(ask: type[Command | Query], raw: bytes, value: Any, request: Request, *, flat: bool = False) -> BaseModel:
    """The command or query that `raw` is; `flat` where it came as query parameters.

    Raises NotValid, or the refusal a validator named.
    """
    try:
        model = ask.model_validate_json(raw)
    except ValidationError as error:
        raise not_valid(error, _language(request), flat=flat) from None
    if faults := [fault(path, "invalid-time", _language(request)) for path in _not_written_as_times(model, value)]:
        raise NotValid(faults)
    return model


def _not_written_as_times(model: BaseModel, value: Mapping[str, Any], path: str = "") -> list[str]:
    """Where a string of digits was read as seconds since 1970, as pydantic does."""
    found = []
    for name, alias in _fields_with_times(type(model)):
        read, written = getattr(model, name), value.get(alias)
        if isinstance(read, date) and isinstance(written, str) and not _RFC3339.fullmatch(written):
            found.append(f"{path}/{alias}")
        elif isinstance(read, BaseModel) and isinstance(written, dict):
            found += _not_written_as_times(read, written, f"{path}/{alias}")
    return found


@functools.cache
def _fields_with_times(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """The fields that may be or hold a date: (name, what the client calls it)."""
    shapes = model.model_json_schema().get("properties", {})
    names = [(name, info.alias or name) for name, info in model.model_fields.items()]
    return tuple(pair for pair in names if b'"date' in (shape := orjson.dumps(shapes[pair[1]])) or b'"$ref"' in shape)


def _language(request: Request) -> Language:
    return language_of(header(request.scope, b"accept-language"))


def _kind_of(shape: Mapping[str, Any]) -> str:
    types = {part.get("type") for part in [shape, *shape.get("anyOf", ())]}
    return next((kind for kind in ("integer", "boolean", "array") if kind in types), "string")


def _value(text: str, kind: str) -> Any:
    if kind == "integer":
        return int(text) if _INTEGER.fullmatch(text) else text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind == "array":
        return text.split(",")
    return _UNESCAPED_PLUS.sub(r"\1+\2", text)

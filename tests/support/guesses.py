"""Requests nobody would think of: drawn from the API's own document, half of each body honest, half nasty."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NASTY: tuple[Any, ...] = (
    *(None, True, -1, 1.5, 2**62, [], {}, [1], {"$ne": None}),
    *("", "a" * 9_000, "髙﨑 葛󠄀子", "\u202e", "👩‍👩‍👧", "=?UTF-8?Q?=0A?=", "<script>", "{{7*7}}", "a\r\nBcc: x", ".."),
    *("0001-01-01", "9999-12-31", "2026-12-15", "1765800000", "2200-12-31T23:59:59.999+14:00"),
    *("2000-01-01T00:00:00-14:00", "2027-03-14T02:30:00-05:00", "Asia/Tokyo", "Mars/Base", "nyc", "mars"),
    *("a@b", "x" * 300 + "@y.example"),
)
_INSTANTS = ("2026-12-15T19:00:00-05:00", "2026-12-15T20:00:00-05:00", "2200-12-31T23:59:59+14:00")


@dataclass(frozen=True, slots=True)
class Guess:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes | None


class Guesser:
    """`document` is the API's; `ids` are put where an id is wanted. The same seed gives the same requests."""

    def __init__(self, document: Mapping[str, Any], ids: list[str], *, seed: int) -> None:
        self._document = document
        self._ids = ids
        self._chance = random.Random(seed)

    def guesses(self, number: int) -> Iterator[Guess]:
        doors = [
            (method, path, operation)
            for path, methods in self._document["paths"].items()
            for method, operation in methods.items()
            if path.startswith("/v1/") and not path.endswith(("/stream", "/current"))
        ]
        for _ in range(number):
            yield self._guess(*self._chance.choice(doors))

    def _guess(self, method: str, path: str, operation: Mapping[str, Any]) -> Guess:
        wanted = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
        some = [each for each in wanted if each["required"] or self._chance.random() < 0.4]
        query = {each["name"]: self._text(self._value(each["schema"])) for each in some}
        headers = {"Idempotency-Key": f"guess-{self._chance.random()}", "If-Match": f'"{self._chance.randint(1, 3)}"'}
        content = None
        if body := operation.get("requestBody"):
            media = self._chance.choice(list(body["content"]))
            headers["Content-Type"] = media
            content = json.dumps(self._value(body["content"][media]["schema"])).encode()
        return Guess(method.upper(), self._filled(path), query, headers, content)

    def _filled(self, path: str) -> str:
        parts = [self._chance.choice(self._ids) if part.startswith("{") else part for part in path.split("/")]
        return "/".join(parts)

    @staticmethod
    def _text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    def _value(self, shape: Mapping[str, Any]) -> Any:
        if not shape or self._chance.random() < 0.1:
            return self._chance.choice(NASTY)
        if "$ref" in shape:
            return self._value(self._document["components"]["schemas"][shape["$ref"].rpartition("/")[2]])
        if "anyOf" in shape:
            return self._value(self._chance.choice(shape["anyOf"]))
        if "enum" in shape:
            return self._chance.choice(shape["enum"])
        return self._of_type(shape)

    def _of_type(self, shape: Mapping[str, Any]) -> Any:
        match shape.get("type"):
            case "object":
                needed, fields = shape.get("required", ()), shape.get("properties", {})
                return {k: self._value(v) for k, v in fields.items() if k in needed or self._chance.random() < 0.5}
            case "array":
                return [self._value(shape.get("items", {})) for _ in range(self._chance.randint(0, 3))]
            case "integer":
                return self._chance.choice((shape.get("minimum", 0), shape.get("maximum", 10**6), 15, 2**53))
            case "boolean":
                return self._chance.random() < 0.5
            case "string" if shape.get("format") == "date-time":
                return self._chance.choice(_INSTANTS)
            case "string" if shape.get("format") == "date":
                return self._chance.choice(("2026-12-15", "2024-02-29", "2200-12-31", "9999-12-31", "0001-01-01"))
            case "string":
                return self._chance.choice((*self._ids, *NASTY))
            case _:
                return None

"""What a change of a JSON Schema would break, decided by one question: can the reader read what the writer writes?

- A question or a site's input is written by others: what was valid must stay valid.
- A reply is written by us: what its readers relied on must stay there.
- Events and states are kept: old ones must stay readable by new code, and new ones by code not yet replaced.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
BOUNDS = {
    "minimum": 1,
    "exclusiveMinimum": 1,
    "minLength": 1,
    "minItems": 1,
    "maximum": -1,
    "exclusiveMaximum": -1,
    "maxLength": -1,
    "maxItems": -1,
}
"""By sign: a larger lower bound and a smaller upper bound accept less."""


def broken(kind: str, old: Schema, new: Schema) -> list[str]:
    """Why `new` may not take the place of `old`, each as `path: reason`; empty if it may."""
    found = set(_removed(old, new, Pair(old, new), ""))
    if kind != "reply":
        found.update(_unreadable(old, new, Pair(old, new), ""))
    if kind not in ("command", "query", "input"):
        found.update(_unreadable(new, old, Pair(new, old), ""))
    return sorted(found)


class Pair:
    """Two schemas' definitions, and which pairs of references have been compared on the way down."""

    def __init__(self, writer: Schema, reader: Schema, seen: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.writer, self.reader, self.seen = writer, reader, seen

    def entered(self, writer: Schema, reader: Schema) -> "Pair | None":
        """The pair to go on with, or None where these two references are being compared already."""
        key = (str(writer.get("$ref", "")), str(reader.get("$ref", "")))
        if not any(key):
            return self
        return None if key in self.seen else Pair(self.writer, self.reader, self.seen | {key})


def _resolved(root: Schema, node: Schema) -> Schema:
    while "$ref" in node:
        target: Any = root
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _branches(root: Schema, node: Schema) -> list[Schema]:
    node = _resolved(root, node)
    options = node.get("anyOf") or node.get("oneOf")
    return [branch for each in options for branch in _branches(root, each)] if options else [node]


def _unreadable(writer: Schema, reader: Schema, pair: Pair, path: str) -> Iterator[str]:
    """Each place where something valid for `writer` is not valid for `reader`."""
    below = pair.entered(writer, reader)
    if below is None:
        return
    accepted = _branches(pair.reader, reader)
    for branch in _branches(pair.writer, writer):
        attempts = [list(_unreadable_branch(branch, each, below, path)) for each in accepted]
        if all(attempts):
            yield from min(attempts, key=len)


def _unreadable_branch(writer: Schema, reader: Schema, pair: Pair, path: str) -> Iterator[str]:
    if "type" in reader and reader["type"] != writer.get("type") and (reader["type"], writer.get("type")) != NUMBERS:
        yield f"{path or '/'}: {writer.get('type', 'anything')} is not {reader['type']}"
        return
    yield from _values(writer, reader, path)
    yield from _limits(writer, reader, path)
    if "items" in reader:
        yield from _unreadable(writer.get("items", {}), reader["items"], pair, f"{path}/[]")
    yield from _fields(writer, reader, pair, path)


NUMBERS = ("number", "integer")
"""Who reads any number reads a whole one."""


def _values(writer: Schema, reader: Schema, path: str) -> Iterator[str]:
    allowed = reader.get("enum", [reader["const"]] if "const" in reader else None)
    if allowed is None:
        return
    written = writer.get("enum", [writer["const"]] if "const" in writer else None)
    if written is None:
        yield f"{path or '/'}: any value, where only {_listed(allowed)} is read"
    elif extra := [each for each in written if each not in allowed]:
        yield f"{path or '/'}: {_listed(extra)} is written and not read"


def _listed(values: list[Any]) -> str:
    return ", ".join(str(each) for each in values)


def _limits(writer: Schema, reader: Schema, path: str) -> Iterator[str]:
    for key in ("pattern", "format"):
        if key in reader and reader[key] != writer.get(key):
            yield f"{path or '/'}: {key} {reader[key]} is demanded, not {writer.get(key, 'any')}"
    for key, sign in BOUNDS.items():
        if key in reader and (key not in writer or (reader[key] - writer[key]) * sign > 0):
            yield f"{path or '/'}: {key} {reader[key]} is demanded, not {writer.get(key, 'any')}"


def _fields(writer: Schema, reader: Schema, pair: Pair, path: str) -> Iterator[str]:
    written, read = writer.get("properties", {}), reader.get("properties", {})
    always = set(writer.get("required", ()))
    for name in reader.get("required", ()):
        if name not in always:
            yield f"{path}/{name}: required by the reader, not always written"
    for name, schema in written.items():
        if name in read:
            yield from _unreadable(schema, read[name], pair, f"{path}/{name}")
        elif reader.get("additionalProperties") is False:
            yield f"{path}/{name}: written, and refused by the reader as unknown"


def _removed(old: Schema, new: Schema, pair: Pair, path: str) -> Iterator[str]:
    """Fields that were and are not, wherever both still have an object there."""
    below = pair.entered(old, new)
    if below is None:
        return
    for before, after in zip(_branches(pair.writer, old), _branches(pair.reader, new), strict=False):
        now = after.get("properties", {})
        for name, schema in before.get("properties", {}).items():
            if name not in now:
                yield f"{path}/{name}: removed"
            else:
                yield from _removed(schema, now[name], below, f"{path}/{name}")
        if "items" in before and "items" in after:
            yield from _removed(before["items"], after["items"], below, f"{path}/[]")

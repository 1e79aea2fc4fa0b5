"""The chain over a document's log: the hash of each entry covers the entry and the hash before it (docs/record.md).

`h = SHA256(before ‖ canonical(entry))`. What a person may have written (`data`, `reason`, `words`) is covered by a
salted digest, so it can be erased and the chain still verifies.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

GENESIS = bytes(32)
"""Stands before the first entry of a chain."""
CONTENT = ("data", "reason", "words")
"""The fields that may be erased."""
WRITTEN = ("reason", "words")
"""Those that hold what people wrote, and nothing else."""
_BESIDE = frozenset({*CONTENT, "h", "salts", "erased", "_id", "aggregate", "site"})
"""Not chained as they stand: the content, the chain's own means, and what a row of the history has beside its entry."""
_SALT_BYTES = 16
Entry = Mapping[str, Any]


def canonical(entry: Entry) -> bytes:
    """The bytes that are chained. Raises TypeError for an entry that holds what no entry of ours does.

    JSON in UTF-8 without spaces, members in the order of their names' code points; `time` in UTC with three digits of
    milliseconds and `Z`, other instants likewise; `data`, `reason` and `words` as the digests of their content. Fields
    of the chain itself are left out.
    """
    fields = {name: value for name, value in entry.items() if name not in _BESIDE}
    fields["time"] = _instant(entry["time"])
    for name in CONTENT:
        if (digest := digest_of(entry, name)) is not None:
            fields[name] = digest
    return json_of(fields)


def json_of(value: Any) -> bytes:
    """The one JSON text of a value, whatever the order its members stand in."""
    return orjson.dumps(value, default=_instant, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)


def linked(before: bytes, entry: Entry) -> bytes:
    """The chain's value after `entry`."""
    return hashlib.sha256(before + canonical(entry)).digest()


def extended(log: Sequence[Entry], made: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """`made`, as the entries after `log`: salted and chained.

    Entries written by a version that knew no chain are covered by the next hash. Where no hash stands yet, that one
    says in `since` from which entry on it does so.
    """
    value, since = _behind(log)
    for entry in made:
        entry["salts"] = {name: next(_SALTS) for name in CONTENT if name in entry}
        if since is not None:
            entry["since"], since = since, None
        value = entry["h"] = linked(value, entry)
    return list(made)


def _drawn() -> Iterator[bytes]:
    """Salts. Many at a time: who asks the system lets other threads go first, and waits for their turn to end."""
    while True:
        many = secrets.token_bytes(256 * _SALT_BYTES)
        for at in range(0, len(many), _SALT_BYTES):
            yield many[at : at + _SALT_BYTES]


_SALTS = _drawn()


def _behind(log: Sequence[Entry]) -> tuple[bytes, int | None]:
    """The chain's value after the last of these, and the number it starts from where no hash says so yet."""
    hashed = next((n for n in range(len(log) - 1, -1, -1) if "h" in log[n]), None)
    value = GENESIS if hashed is None else log[hashed]["h"]
    for entry in log[0 if hashed is None else hashed + 1 :]:
        value = linked(value, entry)
    return value, log[0]["seq"] if log and hashed is None else None


def digest_of(entry: Entry, name: str) -> str | None:
    """What is chained of a content that stands there, or stood there. None where there never was any.

    Its salt goes with it when it is erased, so that nobody can guess what it was.
    """
    if name in entry:
        salt: bytes = entry.get("salts", {}).get(name, b"")
        return hashlib.sha256(salt + name.encode() + b"\0" + json_of(entry[name])).hexdigest()
    digest: str | None = entry.get("erased", {}).get(name)
    return digest


def erasing(entry: Entry, names: Iterable[str], at: str = "") -> dict[str, Any]:
    """The update that takes these contents out of an entry standing `at` a path of its document."""
    there = [name for name in names if name in entry]
    return {
        "$set": {f"{at}erased.{name}": digest_of(entry, name) for name in there},
        "$unset": {f"{at}{part}": "" for name in there for part in (name, f"salts.{name}")},
    }


def _instant(at: Any) -> str:
    """Raises TypeError for anything else."""
    if not isinstance(at, datetime):
        raise TypeError(type(at).__name__)
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a log's chain says. `sealed` entries are covered only by the hash of a later one, `unchained` by none.

    `faults` are (number of the entry, what is wrong with it).
    """

    entries: int = 0
    chained: int = 0
    sealed: int = 0
    unchained: int = 0
    erased: int = 0
    faults: tuple[tuple[int, str], ...] = ()


def checked(doc_id: str, log: Sequence[Entry]) -> Checked:
    """Looks at a whole log, in its order. An entry whose hash is wrong is named once, not with all that follow it."""
    hashed = [number for number, entry in enumerate(log) if "h" in entry]
    start = _start(log, hashed[0]) if hashed else len(log)
    covered = hashed[-1] + 1 if hashed else start
    return Checked(
        entries=len(log),
        chained=len(hashed),
        sealed=covered - start - sum(number >= start for number in hashed),
        unchained=len(log) - (covered - start),
        erased=sum("erased" in entry for entry in log),
        faults=(*_misplaced(doc_id, log), *_broken(log[start:covered])),
    )


def _start(log: Sequence[Entry], hashed: int) -> int:
    """Where the chain begins: at its first hash, or where that says it does."""
    since = log[hashed].get("since")
    return next((number for number in range(hashed) if log[number].get("seq") == since), hashed)


def _misplaced(doc_id: str, log: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    for number, entry in enumerate(log, start=1):
        if entry.get("seq") != number:
            yield number, f"entry {entry.get('seq')} stands where entry {number} should be"
            return
        if entry.get("id") != f"{doc_id}-{number}":
            yield number, f"its id is {entry.get('id')!r}, which belongs elsewhere"
        if "salts" in entry and not ("h" in entry and _are_salts(entry["salts"])):
            yield number, "it was salted, and its hash or its salts are not there"


def _are_salts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(type(salt) is bytes for salt in value.values())


def _broken(chain: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """Where a hash is wrong, what follows is good if it follows from what it should be or from what it is."""
    values = {GENESIS}
    for entry in chain:
        seq = entry.get("seq", 0)
        try:
            values = {linked(value, entry) for value in values}
        except (TypeError, AttributeError, KeyError):
            yield seq, "it is no entry as we write them"
        if "h" in entry:
            if entry["h"] not in values:
                yield seq, "its hash does not follow from what stands there"
            values = {entry["h"]} if entry["h"] in values else {*values, entry["h"]}

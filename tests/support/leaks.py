"""Nothing of a person is ever logged: what no line of any process of the suite may hold (docs/privacy.md)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from deploy.embedded.demo_words import PEOPLE

_OURS = frozenset({b"lounge@linkj.example", b"mongodb://user:password@"})
"""The house's own address, and what a wrong setting is told to look like."""
_ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.example")
_SECRET = re.compile(
    rb"eyJ[\w-]{20,}\.[\w-]+\.[\w-]+|\blk_[\w-]{24,}|\bS[ACNOU][A-Z2-7]{56}\b|\bmongodb(?:\+srv)?://[^\s:@/]+:[^\s@/]+@"
)
"""Tokens, API keys, seeds of nkeys, a server's address with its password."""
_INVENTED = ("髙﨑", "花子", "Takasaki", "金糸雀守", "Zyx", "Canary", "Tabi", "カナリア", "消去")
"""Names that people of the suite bear, and what they write."""
_SHORTEST = 6
"""Bytes: a shorter name is found in other words."""
_GREETING = re.compile(rb"^Ready: .*$", re.MULTILINE)
"""The line that greets who started it shows how to ask as one of the demonstration."""


def _of_the_demonstration() -> Iterator[str]:
    for _, person in PEOPLE.values():
        name = person["name"]
        yield from (name.family, name.given, name.latin, *name.latin.split())


def _written(word: str) -> set[bytes]:
    """As it may stand in a line: plain, or as JSON, as Python, or one within the other escapes it."""
    escaped = {json.dumps(word)[1:-1], repr(word.encode())[2:-1]}
    return {each.encode() for each in {word, *escaped, *(each.replace("\\", "\\\\") for each in escaped)}}


_WORDS = {
    word.encode(): _written(word)
    for word in (*_INVENTED, *(name for name in _of_the_demonstration() if len(name.encode()) >= _SHORTEST))
}


def leaks(text: bytes) -> set[bytes]:
    """What of a person, or of what opens a door for them, stands in this text."""
    found = {*_ADDRESS.findall(text), *_SECRET.findall(text)} - _OURS
    return found | {word for word, written in _WORDS.items() if any(each in text for each in written)}


def leaking(said: Mapping[str, bytes]) -> dict[str, set[bytes]]:
    """What each of these logs, by its name, tells of people; without those that tell nothing."""
    found = {name: leaks(_GREETING.sub(b"", text)) for name, text in said.items()}
    return {name: leaked for name, leaked in found.items() if leaked}


def assert_nobody_in(said: Mapping[str, bytes]) -> None:
    """The one check of what a system said while it ran. Raises AssertionError with what each log tells of whom."""
    leaked = leaking(said)
    assert leaked == {}, f"logs tell of people: {leaked}"


def said_in(files: Iterable[Path]) -> dict[str, bytes]:
    """By path: every server of a cluster has a log of the same name."""
    return {str(path): path.read_bytes() for path in files}


def logs_of(folder: Path) -> list[Path]:
    """Every log in this data folder, its servers' among them, and the output of the `lounge up` on it."""
    said = [path for path in folder.rglob("*") if path.is_file() and path.suffix in (".log", ".out", ".jsonl")]
    own = [folder.with_suffix(".out")] if folder.with_suffix(".out").exists() else []
    return [*(path for path in said if path.parent.name != "mail"), *own]


def keep(said: Path) -> None:
    """What a server said in the life that is over: its next start begins its log anew."""
    if said.exists():
        with said.with_suffix(".before.log").open("ab") as before:
            before.write(said.read_bytes())

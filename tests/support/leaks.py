"""Nothing of a person is ever logged: what no line of any process of the suite may hold (docs/privacy.md)."""

import re
from collections.abc import Iterable
from pathlib import Path

_OURS = frozenset({b"lounge@linkj.example"})
_ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.example")
_SECRET = re.compile(rb"eyJ[\w-]{20,}\.[\w-]+\.[\w-]+|\blk_[\w-]{24,}")
_CANARIES = tuple(
    word.encode() for word in ("髙﨑", "花子", "Takasaki", "金糸雀守", "Zyx", "Canary", "Tabi", "カナリア", "消去")
)
"""Names that people of the suite bear, and what they write."""


def leaks(text: bytes) -> set[bytes]:
    """What of a person, or of what opens a door for them, stands in this text."""
    found = {each for each in _ADDRESS.findall(text) if each not in _OURS} | set(_SECRET.findall(text))
    return found | {word for word in _CANARIES if word in text}


def leaking(files: Iterable[Path]) -> dict[str, set[bytes]]:
    """By the name of the log. The line that greets who started it shows how to ask as one of the demonstration."""
    greeting = re.compile(rb"^Ready: .*$", re.MULTILINE)
    found = {path.name: leaks(greeting.sub(b"", path.read_bytes())) for path in files}
    return {name: leaked for name, leaked in found.items() if leaked}


def logs_of(folder: Path) -> list[Path]:
    """Every log of a `lounge up` in this data folder, the servers' and its own among them."""
    said = [path for path in folder.rglob("*") if path.is_file() and path.suffix in (".log", ".out", ".jsonl")]
    return [*(path for path in said if path.parent.name != "mail"), folder.with_suffix(".out")]

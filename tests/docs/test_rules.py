"""Every rule of booking has its row in docs/rules.md, and every test that is named there is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([0-9BT]+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(test_\w+)`")
RULES = {*(str(n) for n in range(1, 11)), *(f"B{n}" for n in range(1, 16)), *(f"T{n}" for n in range(1, 14))}


def rows() -> list[tuple[str, str]]:
    """Of each row the rule's number, and what holds it."""
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    return [(number, held) for number, _, held in ROW.findall(text)]


def test_every_rule_has_a_row_and_every_row_a_test_or_says_that_it_is_not_there_yet() -> None:
    assert {number for number, _ in rows()} == RULES
    assert [row for row in rows() if not TEST.search(row[1]) and not row[1].startswith("not there yet")] == []


def test_every_test_that_is_named_is_there() -> None:
    named = {each for _, held in rows() for each in TEST.findall(held)}
    assert len(named) > len(RULES)
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not re.search(rf"^(async )?def {name}\(", _text(path), re.MULTILINE)
    ]
    assert missing == []


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""

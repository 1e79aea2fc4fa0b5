"""Every rule of booking and of members has its row in docs/rules.md, and every test that is named there is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([0-9ABTU]+[a-z]?) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[a-z_/]+\.py)::((?:Test\w+::)?test_\w+)`")


def numbered(letter: str, last: int) -> set[str]:
    return {f"{letter}{n}" for n in range(1, last + 1)}


def clauses(feature: int, last: str) -> set[str]:
    return {f"{feature}{chr(each)}" for each in range(ord("a"), ord(last) + 1)}


RULES = {
    "Booking": numbered("", 10) | numbered("B", 15) | numbered("T", 13),
    "Members": clauses(2, "c")
    | clauses(11, "h")
    | clauses(12, "e")
    | clauses(13, "g")
    | numbered("A", 7)
    | numbered("U", 13),
}
SECTIONS = sorted(RULES)


def rows(section: str) -> list[tuple[str, str]]:
    """Of each row under that heading the rule's number, and what holds it."""
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    under = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [(number, held) for number, _, held in ROW.findall(under)]


def test_every_rule_is_under_a_heading_this_test_knows() -> None:
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS
    assert sum(len(rows(section)) for section in SECTIONS) == len(re.findall(r"^\| [^|]*[0-9]", text, re.MULTILINE))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_rule_has_a_row_and_every_row_a_test_or_says_that_it_is_not_there_yet(section: str) -> None:
    found = rows(section)
    assert {number for number, _ in found} == RULES[section]
    assert [row for row in found if not TEST.search(row[1]) and not row[1].startswith("not there yet")] == []
    assert [row for row in found if TEST.sub("", row[1]).strip() and TEST.search(row[1])] == [], (
        "only tests, each whole"
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_every_test_that_is_named_is_there(section: str) -> None:
    named = {each for _, held in rows(section) for each in TEST.findall(held)}
    assert len(named) > len(RULES[section])
    assert sorted(f"{path}::{name}" for path, name in named if name not in _tests_of(path)) == []


@cache
def _tests_of(path: str) -> frozenset[str]:
    """The tests of a file, those of its classes as `Class::test`; of one that is not there, none."""
    if not (ROOT / path).exists():
        return frozenset()
    functions, found = (ast.FunctionDef, ast.AsyncFunctionDef), set[str]()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, functions):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, functions)}
    return frozenset(found)

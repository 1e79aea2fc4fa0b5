"""A runbook says how a trouble shows, what it means, what to do, and how that was tried; its tests exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("storage-full", "lost-quorum", "poison-message", "slow-consumer", "site-misbehaving", "record")
SECTIONS = ["How it shows", "What it means", "What to do", "How it was tried"]


@pytest.mark.parametrize("name", PAGES)
def test_a_runbook_has_its_four_parts_and_names_tests_that_exist(name: str) -> None:
    page = (ROOT / "docs" / "operations" / f"{name}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS
    tried = page.partition("## How it was tried")[2]
    named = set(re.findall(r"test_\w+\.py", tried))
    assert named
    existing = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert named <= existing


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_a_runbook_is_one_lounge_knows(name: str) -> None:
    page = (ROOT / "docs" / "operations" / f"{name}.md").read_text(encoding="utf-8")
    known = set(re.findall(r"`lounge ([a-z]+)", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))
    used = {word for word in re.findall(r"(?:^|`)lounge ([a-z]+)", page, re.MULTILINE) if word != "up"}
    assert used <= known, used - known

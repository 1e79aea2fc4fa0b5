"""One running system for all runbooks, every service twice, and its books: whatever was done to it, they agree."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.ledger import PERSON, Ledger, Slots
from tests.support.system import System, system

TWICE = ("booking", "members", "events", "notify")


@pytest.fixture(scope="session")
def house() -> Iterator[System]:
    with system(*(word for service in TWICE for word in ("--scale", f"{service}=2"))) as running:
        yield running


@pytest.fixture(scope="session")
def slots() -> Slots:
    return Slots()


@pytest.fixture
def ledger(house: System, slots: Slots, request: pytest.FixtureRequest) -> Ledger:
    """A load of this test's name."""
    plain = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    return Ledger(plain, lambda: house.url, house.token(PERSON), slots)


@pytest.fixture
def told(house: System) -> Callable[..., Any]:
    """What a `lounge` command prints on the system with --json."""
    return lambda *words: json.loads(house.lounge(*words, "--json"))

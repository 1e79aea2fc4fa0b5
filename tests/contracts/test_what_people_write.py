"""Rows U5, U7, U9 and U10 over every command there is, and what sites send: no name, title or note is let off."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tools.contracts.published import Contract, contracts
from tools.contracts.samples import sample

ASKED = [each for each in contracts().values() if each.kind in ("command", "input")]
NOTES = {"purpose", "reason"}
"""Written beside something, in several lines if need be."""
JUDGED_BY_DOMAIN = {
    *("email", "client", "code", "refresh_token", "recurrence", "return_to", "issuer", "domains", "state", "error"),
    *("client_id", "client_secret", "specversion", "id", "source", "type", "time", "subject", "external_id"),
}
"""No words for people: each has a form of its own, which its own tests hold."""
LINE = {"a\u202eb", "a\u200bb", "a\U000e0041b", "Hi\r\nBcc: x", "=?UTF-8?Q?=0A?=", "X\nBEGIN:VALARM", "a\rb", "a\0b"}
BLANK = {"   ", "\u3000", "\u2800"}
NO_NOTE = {"a\rb", "a\0b"}


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in it a text stands that people, or sites, put there."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in parts:
            yield from texts(each, (*path, name))


def field(path: tuple[Any, ...]) -> str:
    return next(name for name in reversed(path) if isinstance(name, str))


def put(whole: Any, path: tuple[Any, ...], text: str) -> Any:
    changed = copy.deepcopy(whole)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text
    return changed


def what_it_may_not_be(name: str, contract: Contract) -> set[str]:
    """A site whose reason is blank has called its seminar off all the same."""
    if name in NOTES:
        return NO_NOTE if contract.kind == "input" else NO_NOTE | BLANK
    return LINE | BLANK


def takes(contract: Contract, asked: Any) -> bool:
    try:
        contract.model.model_validate_json(json.dumps(asked))
    except Exception:  # noqa: BLE001 — a zone is refused by a refusal of its own
        return False
    return True


@pytest.mark.parametrize("contract", ASKED, ids=lambda each: each.name)
def test_every_name_and_title_is_one_honest_line_and_every_note_says_something(contract: Contract) -> None:
    whole = json.loads(json.dumps(sample(contract)))
    assert takes(contract, whole)
    judged = [path for path in texts(whole) if field(path) not in JUDGED_BY_DOMAIN]
    tried = [(path, text) for path in judged for text in what_it_may_not_be(field(path), contract)]
    assert [(path, text) for path, text in tried if takes(contract, put(whole, path, text))] == []

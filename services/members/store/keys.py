"""What stands beside a name in the document: by which it is found, and where it stands in a list."""

from typing import Any

from services.members.domain.finding import beginnings, english_order, japanese_order, search_keys
from shared.kernel.names import Name

FORM = 2
"""Raised with each change of how keys are made; documents with another form are keyed anew (`store/rekeying.py`)."""
ORDERS = {"ja": "name_key", "en": "latin_key"}
"""The field that puts people in order for readers of a language."""
DERIVED: dict[str, int] = dict.fromkeys(("search_keys", "found_by"), 0)
"""A projection without what only searching needs."""


def name_keys(name: Name, address: str) -> dict[str, Any]:
    """`found_by` holds the beginnings of `search_keys`; `name_key` is the order in Japanese, `latin_key` in English."""
    keys = search_keys(name, address)
    return {
        "name_key": japanese_order(name),
        "latin_key": english_order(name),
        "search_keys": list(keys),
        "found_by": list(beginnings(keys)),
        "name_form": FORM,
    }

"""The indexes every collection of documents has; the topology job makes them."""

from collections.abc import Sequence
from typing import Any

from shared.kit.mongo import IndexModel, index


def document_indexes() -> list[IndexModel]:
    """Claims (the uniqueness the whole house rests on), the unsent, the armed timers; all partial, so small. And all by
    their last change, those first that do not say when it was: `lounge republish` and the anchors go along it.
    """
    return [
        index([("site", 1), ("claims", 1)], unique=True, partial={"claims": {"$exists": True}}),
        index([("unsent", 1), ("next_try", 1)], partial={"unsent": {"$exists": True}}),
        index([("due_at", 1)], partial={"due_at": {"$exists": True}}),
        index([("changed_at", 1), ("_id", 1)]),
    ]


def holds_documents(models: Sequence[Any]) -> bool:
    """Whether a collection with these indexes is one of documents."""
    wanted = document_indexes()[0].document["key"]
    return any(model.document["key"] == wanted for model in models)

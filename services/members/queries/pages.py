"""One document, or a page of them."""

from collections.abc import Mapping
from typing import Any

from shared.kernel.refusal import Invalid, NotFound
from shared.kernel.text import Text


class InvalidCursor(Invalid):
    code = "invalid-cursor"
    message = Text(ja="ページ指定が正しくありません。", en="That cursor does not belong to this list.")


async def one(collection: Any, doc_id: str, where: Mapping[str, Any]) -> dict[str, Any]:
    """Not there and not yours look the same. Raises NotFound."""
    found: dict[str, Any] | None = await collection.find_one({"$and": [{"_id": doc_id}, where]})
    if found is None:
        raise NotFound
    return found


async def page(found: Any, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """At most `limit` documents, and the id to go on after, where there are more."""
    docs = await found.limit(limit + 1).to_list(limit + 1)
    return docs[:limit], docs[limit - 1]["_id"] if len(docs) > limit else None

"""Going through a whole collection of documents, or those changed since, in pages no server has to hurry for."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

_PAGE = 200


async def every(collection: Any) -> AsyncIterator[dict[str, Any]]:
    """Each document that is there all the time, once, by id."""
    after: dict[str, Any] = {}
    while page := await collection.find(after).sort("_id", 1).limit(_PAGE).to_list(_PAGE):
        for doc in page:
            yield doc
        after = {"_id": {"$gt": page[-1]["_id"]}}


async def changed_since(collection: Any, since: datetime) -> AsyncIterator[dict[str, Any]]:
    """Each document changed at `since` or later, and each that does not say when it was; some may come twice."""
    where: dict[str, Any] = {"changed_at": None}
    while page := await collection.find(where).sort("_id", 1).limit(_PAGE).to_list(_PAGE):
        for doc in page:
            yield doc
        where = {"changed_at": None, "_id": {"$gt": page[-1]["_id"]}}
    where = {"changed_at": {"$gte": since}}
    order = [("changed_at", 1), ("_id", 1)]
    while page := await collection.find(where).sort(order).limit(_PAGE).to_list(_PAGE):
        for doc in page:
            yield doc
        where = behind(page[-1]["changed_at"], page[-1]["_id"])


def behind(changed_at: datetime, doc_id: str) -> dict[str, Any]:
    """A filter: what comes after this one in the order of (change, id). The plain bound lets the index begin there."""
    later = [{"changed_at": {"$gt": changed_at}}, {"changed_at": changed_at, "_id": {"$gt": doc_id}}]
    return {"changed_at": {"$gte": changed_at}, "$or": later}

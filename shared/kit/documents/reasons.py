"""Why things were done, as their record says it: told to whom it concerns, and forgotten."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.kit.documents.write import Documents

REASONED: Mapping[str, Any] = {"$or": [{"log.reason": {"$gt": ""}}, {"worded": True}]}
"""A filter: documents in whose record somebody may have written why. They keep no other words (`Draft.words`)."""


async def reasons_of(documents: Documents, ids: Iterable[str]) -> dict[str, list[str]]:
    """By id, of those whose record says why: all that it says, oldest first."""
    wanted = {"_id": {"$in": list(ids)}, **REASONED}
    told = dict[str, list[str]]()
    async for doc in documents.collection.find(wanted, {"log": 1, "sent": 1, "worded": 1}):
        log = await documents.whole_log(doc) if doc.get("worded") else doc["log"]
        told[doc["_id"]] = [entry["reason"] for entry in log if "reason" in entry]
    return told


async def forget_reasons(documents: Documents, where: Mapping[str, Any], *, most: int) -> int:
    """Erases why from the records of at most `most` documents that `where` finds; version and chain stay.

    How many there were. What is not on the stream yet is found by asking again: it is done once this answers 0.
    """
    found = await documents.collection.find({**where, **REASONED}, {"_id": 1}).limit(most).to_list(most)
    for doc in found:
        await documents.forget(doc["_id"], lambda _: True)
    return len(found)

"""Why things were done, as their record says it: told to whom it concerns, and forgotten."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.kit.documents.write import Documents

REASONED: tuple[Mapping[str, Any], ...] = ({"log.reason": {"$gt": ""}}, {"worded": True})
"""Filters: documents in whose record somebody may have written why. They keep no other words (`Draft.words`).

Asked one by one, so that each may have an index of its own.
"""


async def reasons_of(documents: Documents, ids: Iterable[str]) -> dict[str, list[str]]:
    """By id, of those whose record says why: all that it says, oldest first."""
    wanted = {"_id": {"$in": list(ids)}, "$or": list(REASONED)}
    told = dict[str, list[str]]()
    async for doc in documents.collection.find(wanted, {"log": 1, "sent": 1, "worded": 1}):
        log = await documents.whole_log(doc) if doc.get("worded") else doc["log"]
        told[doc["_id"]] = [entry["reason"] for entry in log if "reason" in entry]
    return told


async def forget_reasons(documents: Documents, where: Mapping[str, Any], *, most: int) -> int:
    """Erases why from the records of at most `most` documents that `where` finds; version and chain stay.

    How many there were. What is not on the stream yet is found by asking again: it is done once this answers 0.
    """
    found = dict[str, None]()
    for reasoned in REASONED:
        each = documents.collection.find({**where, **reasoned}, {"_id": 1}).limit(most)
        found |= dict.fromkeys([doc["_id"] for doc in await each.to_list(most)])
    for doc_id in list(found)[:most]:
        await documents.forget(doc_id, lambda _: True)
    return min(len(found), most)


async def forget_reasons_in_turn(documents: Documents, where: Mapping[str, Any], *, most: int) -> bool:
    """The same as one turn of an errand; whether it needs another: for those beyond `most`, or still to go out."""
    gone = not await forget_reasons(documents, where, most=most)
    return not gone and await forget_reasons(documents, where, most=most) > 0

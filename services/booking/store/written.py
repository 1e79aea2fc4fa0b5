"""What people wrote into bookings, as far as nothing but their histories still holds it."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.kit.documents import Documents

Doc = Mapping[str, Any]
_IN_HISTORY = {"$or": [{"log.reason": {"$gt": ""}}, {"log.words": {"$exists": True}}, {"worded": True}]}
_READ = {"log": 1, "sent": 1, "worded": 1, "occurrences.index": 1}


async def written(documents: Documents, shown: Sequence[Doc]) -> dict[str, list[dict[str, Any]]]:
    """By id, in order, the entries with a `reason`, or with `words` that stood there until then.

    All times of a series have one history: it is given with the first of them.
    """
    whole = sorted({doc.get("series", doc["_id"]) for doc in shown})
    cursor = documents.collection.find({"_id": {"$in": whole}, **_IN_HISTORY}, _READ)
    found, entries = {held["_id"]: held async for held in cursor}, dict[str, list[dict[str, Any]]]()
    for doc in shown:
        held = found.get(doc.get("series", doc["_id"]))
        if held is None or doc.get("index", 0) != _first(held):
            continue
        log = await documents.whole_log(held) if held.get("worded") else held["log"]
        entries[doc["_id"]] = [entry for entry in log if "reason" in entry or "words" in entry]
    return entries


def _first(held: Doc) -> int:
    times = held.get("occurrences", ())
    return int(times[0]["index"]) if times else 0

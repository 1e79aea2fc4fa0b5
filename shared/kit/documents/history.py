"""What outgrew its document: a log's oldest entries, in `<collection>_history`."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from shared.kit.crash import crashpoint
from shared.kit.documents.chain import WRITTEN, erasing
from shared.kit.mongo import BulkWriteError, IndexModel, encoded, index, were_there

LOG_LIMIT = 200
LOG_BYTES = 256 * 1024
"""So many entries, and so much of them, stay in the document at most, once the older ones are on the stream."""


def history_indexes() -> list[IndexModel]:
    """What every `<collection>_history` needs: a retried command is found by its key however long ago it ran."""
    return [index([("command", 1)], partial={"command": {"$exists": True}})]


class History:
    """One collection's moved entries: `{_id: <document>|<number>, aggregate, site, …entry}`."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def of(self, doc: Mapping[str, Any], *, after: int = 0, limit: int = 0) -> list[dict[str, Any]]:
        """The entries older than those in the document, in order: behind number `after`, at most `limit` (0: all)."""
        first = _first(doc)
        if after + 1 >= first:
            return []
        behind = {"_id": {"$gt": _row(doc["_id"], after), "$lt": _row(doc["_id"], first)}}
        rows: list[dict[str, Any]] = await self.collection.find(behind).sort("_id", 1).limit(limit).to_list(None)
        return rows

    async def forget(self, doc_id: str, which: Callable[[Mapping[str, Any]], bool], names: Sequence[str]) -> int:
        """Erases these contents from the moved entries that `which` picks. How many entries."""
        found = self.collection.find({**_rows_of(doc_id), "$or": [{name: {"$exists": True}} for name in names]})
        rows = [row for row in await found.to_list(None) if which(row)]
        for row in rows:
            await self.collection.update_one({"_id": row["_id"]}, erasing(row, names))
        return len(rows)

    async def worded(self, doc_id: str) -> bool:
        """Whether a moved entry of this document still holds what somebody wrote."""
        written = [{name: {"$exists": True}} for name in WRITTEN]
        return await self.collection.find_one({**_rows_of(doc_id), "$or": written}, {"_id": 1}) is not None

    async def made_by(self, doc: Mapping[str, Any], commands: Sequence[str]) -> dict[str, Any] | None:
        """The moved entry that this command caused, by any of its names, if it is there."""
        if _first(doc) == 1:
            return None
        wanted = {"command": {"$in": list(commands)}, "aggregate": doc["_id"]}
        found: dict[str, Any] | None = await self.collection.find_one(wanted)
        return found

    async def take(self, own: Any, doc: Mapping[str, Any]) -> int:
        """Moves the oldest sent entries of a log that grew too long: copied first, then pulled if nobody was faster.

        `own` is the documents' collection. Dying between the two leaves copies of what still is in the document:
        readers take only what is older, and the next time the same rows are found there. Where somebody may have
        written into what was moved, the document says so in `worded`, to be found by. How many were moved.
        """
        moving = outgrown(doc)
        if not moving:
            return 0
        worded = any(name in entry for entry in moving for name in WRITTEN)
        rows = [{**e, "_id": _row(doc["_id"], e["seq"]), "aggregate": doc["_id"], "site": doc["site"]} for e in moving]
        try:
            await self.collection.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if not were_there(error):
                raise
            worded = True  # copied from an entry that may have been erased since
        await crashpoint("history.between_copy_and_pull")
        pulled = await own.update_one(
            {"_id": doc["_id"], "site": doc["site"], "version": doc["version"]},
            {"$pull": {"log": {"seq": {"$lte": moving[-1]["seq"]}}}} | ({"$set": {"worded": True}} if worded else {}),
        )
        return len(moving) if pulled.modified_count else 0


def outgrown(doc: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of a log too long, or too large, the older half of what may stay and all beyond it, as far as it is sent.

    The last entry always stays: the next one is numbered and chained on from it.
    """
    log = doc["log"]
    by_count = len(log) - LOG_LIMIT // 2 if len(log) > LOG_LIMIT else 0
    return [e for e in log[: max(by_count, _too_heavy(log))] if e["seq"] <= doc["sent"]]


def _too_heavy(log: Sequence[Mapping[str, Any]]) -> int:
    """How many of the oldest entries are beyond what may stay by its size."""
    if len(log) == 1 or len(encoded({"log": log}).raw) <= LOG_BYTES:
        return 0  # the last one stays, whatever its size
    sizes = [len(encoded(entry).raw) for entry in log]
    behind = accumulate(reversed(sizes[:-1]), initial=sizes[-1])
    return len(log) - max(1, sum(size <= LOG_BYTES // 2 for size in behind))


def _first(doc: Mapping[str, Any]) -> int:
    """The number of the oldest entry in the document; one beyond all there are where none is."""
    return int(doc["log"][0]["seq"]) if doc["log"] else int(doc["sent"]) + 1


def _row(doc_id: str, seq: int) -> str:
    return f"{doc_id}|{seq:010d}"


def _rows_of(doc_id: str) -> dict[str, Any]:
    return {"_id": {"$gt": f"{doc_id}|", "$lt": f"{doc_id}}}"}}

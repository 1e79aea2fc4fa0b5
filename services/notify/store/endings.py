"""The version at which something ended, as far as notify has heard; so that nobody is told of it as alive after.

A booking ends, and so does what there was to settle of it, and, with each move, where and when it had been.
"""

from collections.abc import Sequence
from typing import Any

from shared.kit.mongo import DuplicateKeyError
from shared.kit.together import Together


class Endings:
    """`{_id: aggregate, version}`; the version only grows."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self._looked_up = Together(self._versions)

    async def note(self, aggregate: str, version: int) -> None:
        older = {"_id": aggregate, "version": {"$lt": version}}
        change = {"$set": {"version": version}}
        try:
            await self._collection.update_one(older, change, upsert=True)
        except DuplicateKeyError:
            await self._collection.update_one(older, change)

    async def version(self, aggregate: str) -> int | None:
        """None while it has not ended."""
        return await self._looked_up(aggregate)

    async def _versions(self, aggregates: Sequence[str]) -> list[int | None]:
        found = await self._collection.find({"_id": {"$in": list(aggregates)}}).to_list(None)
        ended = {each["_id"]: int(each["version"]) for each in found}
        return [ended.get(each) for each in aggregates]

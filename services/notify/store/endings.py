"""The version at which something ended, as far as notify has heard; so that nobody is told of it as alive after.

A booking ends, and so does what there was to settle of it, and, with each move, where and when it had been.
"""

from typing import Any

from shared.kit.mongo import DuplicateKeyError


class Endings:
    """`{_id: aggregate, version}`; the version only grows."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def note(self, aggregate: str, version: int) -> None:
        older = {"_id": aggregate, "version": {"$lt": version}}
        change = {"$set": {"version": version}}
        try:
            await self._collection.update_one(older, change, upsert=True)
        except DuplicateKeyError:
            await self._collection.update_one(older, change)

    async def version(self, aggregate: str) -> int | None:
        """None while it has not ended."""
        found = await self._collection.find_one({"_id": aggregate})
        return None if found is None else int(found["version"])

"""The sites there are: our copy of booking's, for judging what names one."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class KnownSites:
    """`copies` is the collection of the copy."""

    copies: Any

    async def ids(self) -> frozenset[str]:
        """All of them; there are few."""
        return frozenset([doc["_id"] async for doc in self.copies.find({}, {"_id": 1})])

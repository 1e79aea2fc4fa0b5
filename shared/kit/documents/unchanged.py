"""Reads of one collection that are asked again and again: made anew only once something in it has changed."""

import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from shared.kernel.time import Clock
from shared.kit.clock import runs_by_itself
from shared.kit.mongo import aggregated

FRESH_SECONDS = 2.0
LATE = timedelta(seconds=15)
"""How long after the instant it bears (`changed_at`) a change may still become visible: the 8 s of a command, the 5 of
the driver's patience, and 2 that two replicas' clocks may be apart.
"""
MOST_CHANGES = 1_000
"""Where more changed in that time, telling whether more did costs as much as reading."""
_MOST = 64
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Changes = tuple[int, int]
"""How many documents changed since an instant, and the sum of when; equal only where nothing has changed since."""


@dataclass(frozen=True, slots=True)
class _Known(Generic[V]):
    """What was read at `began`, and what had changed `since` then, looked at before it was read."""

    value: V
    began: float
    since: datetime
    changes: Changes


class Unchanged(Generic[K, V]):
    """`read` by key. What is asked again within two seconds is remembered for as long, and given once more if no
    document of the collection has changed meanwhile, whoever changed it: a count within the index says so.

    That is exact as long as clocks are at most two seconds apart; else what is given may be two seconds old. It needs a
    clock that runs by itself: with one that is moved by hand two changes can look like one, and nothing is remembered.
    """

    def __init__(
        self,
        collection: Any,
        clock: Clock,
        read: Callable[[K], Awaitable[V]],
        *,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collection = collection
        self._clock = clock
        self._read = read
        self._elapsed = elapsed
        self._asked: dict[K, float] = {}
        self._known: dict[K, _Known[V]] = {}

    async def __call__(self, key: K) -> V:
        """What `read` gives or raises; the value is shared by all who ask."""
        if not runs_by_itself(self._clock):
            return await self._read(key)
        began = self._elapsed()
        known = self._known.get(key)
        if known is not None and began - known.began < FRESH_SECONDS:
            since, changes = known.since, await self.changes(known.since)
            if changes == known.changes:
                return known.value
        elif self._is_asked_again(key, began):
            since = self._clock.now() - LATE
            changes = await self.changes(since)
        else:
            return await self._read(key)
        value = await self._read(key)
        self._known.pop(key, None)
        if changes[0] <= MOST_CHANGES:
            self._known[key] = _Known(value, began, since, changes)
        return value

    async def changes(self, since: datetime) -> Changes:
        """Since that instant, up to one more than `MOST_CHANGES`; read from the index alone."""
        found = await aggregated(self._collection, counting(since), 1)
        return (found[0]["count"], found[0]["sum"]) if found else (0, 0)

    def _is_asked_again(self, key: K, now: float) -> bool:
        """And noted: the first time is no reason to look for changes too."""
        before = self._asked.pop(key, None)
        if len(self._asked) >= _MOST:
            self._asked.clear()
            self._known.clear()
        self._asked[key] = now
        return before is not None and now - before < FRESH_SECONDS


def counting(since: datetime) -> list[dict[str, Any]]:
    """What is asked: the number and the sum of the instants of the last changes."""
    return [
        {"$match": {"changed_at": {"$gte": since}}},
        {"$limit": MOST_CHANGES + 1},
        {"$group": {"_id": None, "count": {"$sum": 1}, "sum": {"$sum": {"$toLong": "$changed_at"}}}},
    ]

"""What others told, kept for a while: asked for once by all who wait for it, and not at once again where it failed."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.kernel.refusal import Refusal

T = TypeVar("T")
_MOST = 256
_FAILURE_KEPT = 5.0
_FRESH_ENOUGH = 5.0


@dataclass(slots=True)
class _Entry(Generic[T]):
    """`failed` is what the last try raised; then there is no `value`."""

    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    value: T | None = None
    failed: type[Refusal] | None = None
    at: float = float("-inf")


class Kept(Generic[T]):
    """By key, each for `seconds`; the least lately used are forgotten first."""

    def __init__(self, seconds: float, elapsed: Callable[[], float]) -> None:
        self._seconds = seconds
        self._elapsed = elapsed
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()

    async def get(self, key: str, fetch: Callable[[], Awaitable[T]], *, fresh: bool = False) -> T:
        """What is kept, else what `fetch` gives; `fresh` asks again where the last time was over five seconds ago.

        Raises what `fetch` refuses with, for five seconds without asking again.
        """
        entry = self._entries.setdefault(key, _Entry())
        self._entries.move_to_end(key)
        if len(self._entries) > _MOST:
            self._entries.popitem(last=False)
        async with entry.asking:
            age = self._elapsed() - entry.at
            if entry.failed is not None and age < _FAILURE_KEPT:
                raise entry.failed
            if entry.value is None or age >= (_FRESH_ENOUGH if fresh else self._seconds):
                entry.value = await self._fetched(entry, fetch)
            return entry.value

    async def _fetched(self, entry: _Entry[T], fetch: Callable[[], Awaitable[T]]) -> T:
        try:
            entry.value, entry.failed = await fetch(), None
        except Refusal as refusal:
            entry.value, entry.failed = None, type(refusal)
            raise
        finally:
            entry.at = self._elapsed()
        return entry.value

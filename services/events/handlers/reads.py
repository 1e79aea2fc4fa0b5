"""Reads that many callers want at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SharedReads(Generic[K, V]):
    """Who asks while a read of the same key is out shares the next one: what one gets was read after one asked."""

    def __init__(self, read: Callable[[K], Awaitable[V]]) -> None:
        self._read = read
        self._out: dict[K, asyncio.Task[V]] = {}
        self._next: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """Raises what the read raises."""
        running = self._out.get(key)
        if running is None:
            task = self._out[key] = asyncio.create_task(self._run(key, None))
        elif (task := self._next.get(key)) is None:  # type: ignore[assignment] # narrowed by the walrus
            task = self._next[key] = asyncio.create_task(self._run(key, running))
        return await asyncio.shield(task)

    async def _run(self, key: K, after: asyncio.Task[V] | None) -> V:
        if after is not None:
            await asyncio.wait([after])
            self._out[key] = self._next.pop(key)
        own = self._out[key]
        try:
            return await self._read(key)
        finally:
            if self._out.get(key) is own:
                del self._out[key]

"""Reads that many ask for at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Joined(Generic[K, V]):
    """Callers of one key who wait together share one read; it always begins after each of them asked."""

    def __init__(self, read: Callable[[K], Awaitable[V]]) -> None:
        self._read = read
        self._waiting: dict[K, asyncio.Task[V]] = {}
        self._running: dict[K, asyncio.Task[V]] = {}

    async def __call__(self, key: K) -> V:
        """What `read` gives or raises."""
        if key not in self._waiting:
            self._waiting[key] = asyncio.create_task(self._after(self._running.get(key), key))
        return await asyncio.shield(self._waiting[key])

    async def _after(self, running: asyncio.Task[V] | None, key: K) -> V:
        if running is not None:
            await asyncio.wait([running])
        mine = self._running[key] = self._waiting.pop(key)
        try:
            return await self._read(key)
        finally:
            if self._running[key] is mine:
                del self._running[key]

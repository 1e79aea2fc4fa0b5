"""Reads that many ask for at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_SOON_SECONDS = 0.05
"""Who asks again after so long is no company any more."""
_MOST = 64


@dataclass(slots=True)
class _Party:
    """Those who wait for a read that has not begun. `wanted`: how many it waits for."""

    callers: int = 0
    wanted: int = 0
    whole: asyncio.Event = field(default_factory=asyncio.Event)

    def join(self) -> None:
        self.callers += 1
        if self.callers >= self.wanted:
            self.whole.set()

    async def gather(self, wanted: int, seconds: float) -> None:
        self.wanted = wanted
        if self.callers < wanted:
            self.whole.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.whole.wait(), seconds)


class Joined(Generic[K, V]):
    """Callers of one key who wait together share one read; it always begins after each of them asked.

    With `company`, in seconds: those who were answered together ask again one a little after the other, and the first
    would be off without the rest. So a read soon after one that several shared waits that long for as many.
    """

    def __init__(self, read: Callable[[K], Awaitable[V]], *, company: float = 0.0) -> None:
        self._read = read
        self._company = company
        self._waiting: dict[K, tuple[_Party, asyncio.Task[V]]] = {}
        self._running: dict[K, asyncio.Task[V]] = {}
        self._had: dict[K, tuple[int, float]] = {}

    async def __call__(self, key: K) -> V:
        """What `read` gives or raises."""
        if key not in self._waiting:
            party = _Party()
            self._waiting[key] = party, asyncio.create_task(self._after(self._running.get(key), key, party))
        party, read = self._waiting[key]
        party.join()
        return await asyncio.shield(read)

    async def _after(self, running: asyncio.Task[V] | None, key: K, party: _Party) -> V:
        if running is not None:
            await asyncio.wait([running])
        await party.gather(self._wanted(key), self._company)
        _, mine = self._waiting.pop(key)
        self._running[key] = mine
        try:
            return await self._read(key)
        finally:
            self._note(key, party.callers)
            if self._running[key] is mine:
                del self._running[key]

    def _wanted(self, key: K) -> int:
        callers, until = self._had.get(key, (1, 0.0))
        return callers if asyncio.get_running_loop().time() < until else 1

    def _note(self, key: K, callers: int) -> None:
        self._had.pop(key, None)
        if self._company and callers > 1:
            if len(self._had) >= _MOST:
                self._had.clear()
            self._had[key] = callers, asyncio.get_running_loop().time() + _SOON_SECONDS

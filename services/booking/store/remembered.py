"""What is read with every booking and seldom changes, kept in memory for a moment."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from shared.kit.joined import Joined

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
FRESH_SECONDS = 2.0
"""How long a replica may go by what another one has changed since."""
MOST = 5_000


class Remembered(Generic[K, V]):
    """By key, at most `fresh_seconds` old; those who find it too old together read it once. Failures are not kept."""

    def __init__(
        self,
        read: Callable[[K], Awaitable[V]],
        *,
        elapsed: Callable[[], float] = time.monotonic,
        fresh_seconds: float = FRESH_SECONDS,
    ) -> None:
        self._joined = Joined(self._renewed)
        self._read = read
        self._elapsed = elapsed
        self._fresh_seconds = fresh_seconds
        self._known: dict[K, tuple[float, V]] = {}
        self._reading: dict[K, object] = {}

    async def get(self, key: K) -> V:
        """What is remembered, or what `read` gives or raises."""
        known = self.peek(key)
        return await self._joined(key) if known is None else known

    async def renew(self, key: K) -> V:
        """As it is now, for all."""
        return await self._joined(key)

    def peek(self, key: K) -> V | None:
        """What is remembered and still fresh."""
        known = self._known.get(key)
        return known[1] if known is not None and self._elapsed() - known[0] < self._fresh_seconds else None

    def forget(self, key: K) -> None:
        """Known to have changed; what is being read just now may be older than that, so it is not remembered either."""
        self._known.pop(key, None)
        self._reading.pop(key, None)

    async def _renewed(self, key: K) -> V:
        began, mine = self._elapsed(), object()
        self._reading[key] = mine
        try:
            value = await self._read(key)
            if self._reading.get(key) is mine:
                self._remember(key, began, value)
        finally:
            if self._reading.get(key) is mine:
                del self._reading[key]
        return value

    def _remember(self, key: K, began: float, value: V) -> None:
        """As old as the beginning of its read."""
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = (began, value)

"""Where everything passes whose answer comes over the connection, so that it can be given up with nothing in flight."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Turnstile:
    """`enter` before a question, `leave` after its answer; while it is shut, who enters waits."""

    def __init__(self) -> None:
        self._inside = 0
        self._open = asyncio.Event()
        self._open.set()
        self._empty = asyncio.Event()
        self._empty.set()

    async def enter(self) -> None:
        while not self._open.is_set():
            await self._open.wait()
        self._inside += 1
        self._empty.clear()

    def leave(self) -> None:
        self._inside -= 1
        if not self._inside:
            self._empty.set()

    @asynccontextmanager
    async def shut(self, seconds: float) -> AsyncIterator[None]:
        """Nobody enters while the context lasts; it begins when all have left, or after `seconds`."""
        self._open.clear()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), seconds)
            yield
        finally:
            self._open.set()

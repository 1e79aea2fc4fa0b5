"""Waiting for something to become true elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable

_LOOK_EVERY = 0.02


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
    """Returns once it holds; raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 — it lives in another process, which sets no event of ours
            await asyncio.sleep(_LOOK_EVERY)

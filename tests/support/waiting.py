"""Waiting on a condition with a deadline, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.support.patience import deadline


async def until(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 20) -> None:
    """Returns once it holds; fails naming it when the deadline passes."""
    end = deadline(seconds)
    while True:
        held = condition()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < end, condition
        await asyncio.sleep(0.02)

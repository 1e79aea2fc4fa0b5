"""Ending tasks that may not hear it the first time."""

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_SECONDS = 0.5


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels them until all are done, whatever they raised.

    PyMongo takes a cancellation in the middle of a reply for a broken connection, and a loop that bears those goes on.
    """
    everyone = set(tasks)
    left = {task for task in everyone if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_SECONDS)
    await asyncio.gather(*everyone, return_exceptions=True)

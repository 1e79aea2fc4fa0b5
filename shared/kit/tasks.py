"""Tasks beside the work: kept at it while it lasts, and ended though they may not hear it the first time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from shared.kit.log import get_logger

log = get_logger()
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


async def kept(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs it again, a second later, when it ends or fails."""
    while True:
        try:
            await run()
        except Exception as error:
            log.exception("background.failed", task=name, error=type(error).__name__)
        await asyncio.sleep(1)

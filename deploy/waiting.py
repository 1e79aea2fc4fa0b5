"""Waiting for something to become true elsewhere."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

_LOOK_EVERY = 0.05


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
    """Returns once it holds; raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 — it lives in another process, which sets no event of ours
            await asyncio.sleep(_LOOK_EVERY)


@contextmanager
def busy(doing: str) -> Iterator[Callable[[str], None]]:
    """On a terminal, a moving sign on stderr while the context lasts; what it gives changes the words beside it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 — a tenth of a second that only a terminal needs

    with Console(stderr=True).status(doing) as status:
        yield status.update


@contextmanager
def counting(doing: str) -> Iterator[Callable[[str, int | None], Callable[[], None]]]:
    """On a terminal, a bar on stderr while the context lasts. What it gives begins a part of the work, with its words
    and how many steps it has (None: nobody knows), and gives what is called at each step.
    """
    if not sys.stderr.isatty():
        yield lambda _words, _steps: lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 — a tenth of a second that only a terminal needs
    from rich.progress import Progress  # noqa: PLC0415 — likewise

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def part(words: str, steps: int | None) -> Callable[[], None]:
            bar.reset(task, description=words, total=steps)
            return lambda: bar.advance(task)

        yield part

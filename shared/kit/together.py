"""Calls that go out together: what is asked for while one batch is under way makes up the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Under no load a call goes out at once; while one is out others gather, and share the next, at most `most`.

    `do` is given what gathered, in the order it came, and gives the outcome of each in the same order. What it raises,
    each of them gets. Who was cancelled while waiting takes no part.
    """

    def __init__(self, do: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, most: int = 128) -> None:
        self._do = do
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        """What became of it. Raises what `do` raises."""
        outcome: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, outcome))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await outcome

    async def _work(self) -> None:
        while self._waiting:
            batch = [each for each in self._waiting[: self._most] if not each[1].done()]
            del self._waiting[: self._most]
            if batch:
                await self._one(batch)

    async def _one(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        told: list[tuple[asyncio.Future[R], R]] = []
        try:
            outcomes = await self._do([item for item, _ in batch])
            told = [(waiting, outcome) for (_, waiting), outcome in zip(batch, outcomes, strict=True)]
        except Exception as error:  # noqa: BLE001 — it is each caller's own
            for _, waiting in batch:
                if not waiting.done():
                    waiting.set_exception(error)
        for waiting, outcome in told:
            if not waiting.done():
                waiting.set_result(outcome)

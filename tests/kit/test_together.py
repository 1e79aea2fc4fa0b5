"""Calls that share one read or write: who goes along with whom, and what each is told."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.kit.together import Together


class Slow:
    """Doubles what it is given, when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await self.open.wait()
        if 13 in items:
            raise LookupError(13)
        return [2 * each for each in items]


async def _begun(slow: Slow, *items: int, most: int = 128) -> tuple[Together[int, int], list[asyncio.Task[int]]]:
    """The first is out, the others wait."""
    together = Together(slow, most=most)
    calls = []
    for each in items:
        calls.append(asyncio.create_task(_call(together, each)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return together, calls


async def _call(together: Together[int, int], item: int) -> int:
    return await together(item)


async def test_one_alone_goes_out_at_once_and_the_others_together() -> None:
    slow = Slow()
    _, calls = await _begun(slow, 1, 2, 3, 4)
    assert slow.batches == [[1]]
    slow.open.set()
    assert await asyncio.gather(*calls) == [2, 4, 6, 8]
    assert slow.batches == [[1], [2, 3, 4]]


async def test_no_more_than_so_many_go_out_at_once() -> None:
    slow = Slow()
    _, calls = await _begun(slow, 1, 2, 3, 4, most=2)
    slow.open.set()
    assert await asyncio.gather(*calls) == [2, 4, 6, 8]
    assert slow.batches == [[1], [2, 3], [4]]


async def test_what_goes_wrong_is_told_to_those_it_went_wrong_for() -> None:
    slow = Slow()
    together, calls = await _begun(slow, 1, 13, 2)
    slow.open.set()
    first, *others = await asyncio.gather(*calls, return_exceptions=True)
    assert first == 2
    assert [type(each) for each in others] == [LookupError, LookupError]
    assert await together(5) == 10, "the next goes its own way"


async def test_who_was_cancelled_takes_no_part() -> None:
    slow = Slow()
    _, calls = await _begun(slow, 1, 2, 3)
    calls[1].cancel()
    await asyncio.sleep(0)
    slow.open.set()
    assert await calls[2] == 6
    assert slow.batches == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await calls[1]


async def test_one_that_is_out_already_is_finished_for_the_others() -> None:
    slow = Slow()
    _, calls = await _begun(slow, 1, 2)
    calls[0].cancel()
    slow.open.set()
    assert await calls[1] == 4


async def test_who_gives_too_few_outcomes_leaves_nobody_waiting() -> None:
    async def forgetful(items: Sequence[int]) -> list[int]:
        return list(items[1:])

    together = Together(forgetful)
    with pytest.raises(ValueError, match="shorter"):
        await together(1)

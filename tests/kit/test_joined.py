"""Reads many ask for at once: shared, and never older than the question."""

import asyncio

import pytest

from shared.kit.joined import Joined
from tests.support.waiting import until


class Slow:
    """A read that ends when it is let, telling how many had begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.let = asyncio.Event()

    async def read(self, key: str) -> int:
        self.begun.append(key)
        number = len(self.begun)
        await self.let.wait()
        if key == "broken":
            raise ConnectionError
        return number


async def test_who_asks_together_shares_one_read() -> None:
    slow = Slow()
    joined = Joined(slow.read)
    slow.let.set()
    assert await asyncio.gather(*(joined("day") for _ in range(50))) == [1] * 50


async def test_who_asks_while_a_read_is_under_way_gets_one_that_begins_later() -> None:
    slow = Slow()
    joined = Joined(slow.read)
    first = asyncio.create_task(joined("day"))
    await until(lambda: bool(slow.begun))
    later = [asyncio.create_task(joined("day")) for _ in range(20)]
    await asyncio.sleep(0)
    slow.let.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 20


async def test_other_keys_do_not_wait() -> None:
    slow = Slow()
    joined = Joined(slow.read)
    asked = [asyncio.create_task(joined(key)) for key in ("monday", "tuesday")]
    await until(lambda: len(slow.begun) == 2)
    slow.let.set()
    assert sorted(await asyncio.gather(*asked)) == [1, 2]


async def test_a_failed_read_fails_all_who_shared_it_and_the_next_is_a_new_one() -> None:
    slow = Slow()
    joined = Joined(slow.read)
    slow.let.set()
    outcomes = await asyncio.gather(*(joined("broken") for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [ConnectionError] * 3
    with pytest.raises(ConnectionError):
        await joined("broken")
    assert slow.begun == ["broken", "broken"]


async def test_one_who_gives_up_takes_the_answer_from_nobody() -> None:
    slow = Slow()
    joined = Joined(slow.read)
    impatient, patient = (asyncio.create_task(joined("day")) for _ in range(2))
    await until(lambda: bool(slow.begun))
    impatient.cancel()
    slow.let.set()
    assert await patient == 1


async def shared_by(count: int, joined: Joined[str, int], key: str = "day") -> list[int]:
    return await asyncio.gather(*(joined(key) for _ in range(count)))


@pytest.fixture
def nothing_is_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine."""
    monkeypatch.setattr("shared.kit.joined._SOON_SECONDS", 3_600.0)


@pytest.mark.usefixtures("nothing_is_long_ago")
async def test_those_who_were_answered_together_are_waited_for() -> None:
    slow = Slow()
    joined = Joined(slow.read, company=60)
    slow.let.set()
    assert await shared_by(1, joined) == [1], "nobody waits for company they never had"
    assert await shared_by(3, joined) == [2] * 3
    two = [asyncio.create_task(joined("day")) for _ in range(2)]
    assert await shared_by(1, joined, "another day") == [3], "who asks something else does not wait"
    assert slow.begun == ["day", "day", "another day"]
    third = asyncio.create_task(joined("day"))
    assert await asyncio.gather(*two, third) == [4] * 3


@pytest.mark.usefixtures("nothing_is_long_ago")
async def test_who_does_not_come_is_not_waited_for_again() -> None:
    slow = Slow()
    joined = Joined(slow.read, company=0.001)
    slow.let.set()
    assert await shared_by(3, joined) == [1] * 3
    assert await shared_by(2, joined) == [2] * 2
    joined._company = 60
    assert await shared_by(2, joined) == [3] * 2


async def test_company_of_a_while_ago_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.kit.joined._SOON_SECONDS", 0.0)
    slow = Slow()
    joined = Joined(slow.read, company=60)
    slow.let.set()
    assert await shared_by(3, joined) == [1] * 3
    assert await shared_by(1, joined) == [2]

"""The bounded pull loop, on a real durable: it rebinds, does not spin, does not prefetch, and ends when it should."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

from shared.kit.nats import loops
from shared.kit.nats.gate import Gate
from shared.kit.nats.retry import LAST_TRY, Retry
from shared.kit.service import Received
from tests.kit.conftest import Consuming, make_service
from tests.support.post import DURABLE, Post
from tests.support.servers import Servers
from tests.support.things import ThingMade
from tests.support.waiting import until

Event = Received[ThingMade]


class Seen:
    """A handler that remembers."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.at_once = self.most_at_once = 0

    async def __call__(self, event: Event) -> None:
        self.names.append(event.data.name)


class Held(Seen):
    """A handler that keeps each message in hand until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()

    async def __call__(self, event: Event) -> None:
        await super().__call__(event)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.let_go.wait()
        self.at_once -= 1


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the loops asked the server for messages; each question waits a second at most."""
    monkeypatch.setattr(loops, "FETCH_SECONDS", 1.0)
    made: list[float] = []
    fetch = loops.Binding.fetch

    async def counted(self: loops.Binding, batch: int) -> list[Any]:
        made.append(time.monotonic())
        return await fetch(self, batch)

    monkeypatch.setattr(loops.Binding, "fetch", counted)
    return made


async def test_a_durable_deleted_and_recreated_under_the_loop_is_bound_again_without_spinning(
    consuming: Consuming, post: Post, fetches: list[float]
) -> None:
    seen = Seen()
    async with consuming(seen, workers=3):
        await post.put("before")
        await until(lambda: seen.names == ["before"])
        await post.delete()
        try:
            fetches.clear()
            gone = time.monotonic()
            await until(lambda: len(fetches) >= 6)
            assert time.monotonic() - gone > 0.9, "each of three workers pauses a second between its fetches"
        finally:
            await post.restore()
        await post.put("after")
        await until(lambda: "after" in seen.names)


async def test_a_killed_and_restarted_nats_server_is_found_again(
    consuming: Consuming, clean: Servers, post: Post, fetches: list[float]
) -> None:
    seen = Seen()
    async with consuming(seen) as service:
        await post.put("before")
        await until(lambda: seen.names == ["before"])
        clean.kill_nats()
        await until(lambda: "nats" in service.health.wrong)
        assert not service.health.ready
        clean.restart_nats()
        await until(lambda: service.health.ready)
        again = Post(await clean.client("ops"))
        await again.put("after")
        await until(lambda: "after" in seen.names, seconds=15)
        await until(again.idle)
        await again.client.close()


async def test_workers_take_one_message_each_and_never_one_they_cannot_start(consuming: Consuming, post: Post) -> None:
    held = Held()
    async with consuming(held, workers=3):
        for n in range(8):
            await post.put(f"m{n}")
        await until(lambda: len(held.names) == 3)
        await until(lambda: post.leaves(5, 3))  # what nobody works on stays on the server
        held.let_go.set()
        await until(post.idle)
    assert sorted(held.names) == [f"m{n}" for n in range(8)], "each exactly once"
    assert held.most_at_once == 3


async def test_a_message_in_hand_is_finished_and_acknowledged_while_stopping(consuming: Consuming, post: Post) -> None:
    held = Held()
    async with consuming(held, workers=2):
        await post.put("slow")
        await until(lambda: held.names == ["slow"])
        asyncio.get_running_loop().call_later(0.2, held.let_go.set)
    assert await post.left() == (0, 0)


async def test_what_was_not_begun_when_stopping_goes_straight_to_another_replica(
    consuming: Consuming, post: Post
) -> None:
    first, second = Held(), Seen()
    async with consuming(second, replica=2, workers=1):
        async with consuming(first, workers=1):
            for n in range(4):
                await post.put(f"m{n}")
            await until(lambda: len(first.names) == 1 and len(second.names) == 3)
            asyncio.get_running_loop().call_later(0.1, first.let_go.set)
        for n in range(4, 8):
            await post.put(f"m{n}")
        await until(post.idle, seconds=5)
    assert sorted(first.names + second.names) == [f"m{n}" for n in range(8)]


async def test_the_loops_end_when_the_client_is_closed(consuming: Consuming, post: Post) -> None:
    seen = Seen()
    async with consuming(seen, workers=3) as service:
        await post.put("one")
        await until(lambda: seen.names == ["one"])
        service.broker.closing = True
        (subscriber,) = [s for s in service.broker.subscribers if getattr(s, "stream", None) is not None]
        tasks = list(subscriber.tasks)  # type: ignore[attr-defined] # of a pull subscriber
        await service.broker.config.connection_state.connection.close()
        await until(lambda: len(tasks) == 3 and all(task.done() for task in tasks))
        assert not any(task.exception() for task in tasks)


async def test_a_batch_is_one_piece_of_work_and_a_failed_one_comes_again(clean: Servers, post: Post) -> None:
    batches: list[list[str]] = []

    async def handle(messages: list[Any]) -> None:
        batches.append([m.subject.rpartition(".")[2] for m in messages])
        if len(batches) == 1:
            await messages[0].ack()
            raise ConnectionError("the second half failed")
        for message in messages:
            await message.ack()

    service = make_service(clean, name="notify")
    service.background("batch", service.batch_loop("EVENTS", DURABLE, handle).run)
    for n in range(5):
        await post.put(f"m{n}")
    async with service.running():
        await until(post.idle)
    assert batches[0] == [f"m{n}" for n in range(5)], "all that waits is one batch"
    assert sorted(name for batch in batches[1:] for name in batch) == [f"m{n}" for n in range(1, 5)], (
        "what was acknowledged does not come again"
    )


async def test_of_a_batch_what_came_too_often_is_parked_and_the_rest_is_handled_in_smaller_parts(
    clean: Servers, post: Post
) -> None:
    handled: list[str] = []

    async def handle(messages: list[Any]) -> None:
        handled.extend(m.subject.rpartition(".")[2] for m in messages)
        for message in messages:
            await message.ack()

    await post.put("killer")
    taking = await post.js.pull_subscribe_bind(DURABLE, "EVENTS")
    for _ in range(LAST_TRY):
        (message,) = await taking.fetch(1, timeout=5)
        await message.nak()
    await post.put("new")
    service = make_service(clean, name="notify")
    service.background("batch", service.batch_loop("EVENTS", DURABLE, handle).run)
    async with service.running():
        await until(post.idle)
    assert handled == ["new"]
    (dead,) = await post.parked()
    assert (dead.headers or {})["Lounge-Reason"] == "poison"


def came(times: int, count: int) -> list[Any]:
    return [SimpleNamespace(metadata=SimpleNamespace(num_delivered=times)) for _ in range(count)]


def test_what_comes_again_is_handled_in_parts_half_as_large_each_time() -> None:
    messages = [*came(1, 100), *came(3, 100)]
    sizes = [len(part) for part in loops.parts(messages, 256)]
    assert sizes == [100, 64, 36]
    assert [len(part) for part in loops.parts(came(9, 3), 256)] == [1, 1, 1]
    assert [len(part) for part in loops.parts(came(40, 2), 256)] == [1, 1]
    assert list(loops.parts([], 256)) == []


async def test_a_batch_loop_waits_for_its_stream_to_appear_and_ends_with_its_client() -> None:
    tries, closed = [], asyncio.Event()

    class Closed:
        async def fetch(self, **_: Any) -> list[Any]:
            closed.set()
            raise ConnectionClosedError

    async def bind() -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise NatsError("not yet")
        return Closed()

    async def handle(_: list[Any]) -> None:
        raise AssertionError("nothing was fetched")

    class Unasked(Retry):
        def __init__(self) -> None: ...

    await asyncio.wait_for(loops.BatchLoop(bind, handle, Gate(), Unasked()).run(), 20)
    assert closed.is_set()
    assert len(tries) == 2


async def test_what_was_fetched_while_stopping_is_given_back_at_once() -> None:
    given_back: list[int] = []

    class Message:
        async def nak(self) -> None:
            given_back.append(1)

    class Subscriber:
        running = True
        subscription: Any = None

        def __init__(self) -> None:
            self.tasks: list[asyncio.Task[None]] = []
            self.jetstream = self

        async def pull_subscribe_bind(self, **_: str) -> Any:
            return self

        async def fetch(self, **_: Any) -> list[Message]:
            self.running = False
            return [Message()]

        def add_task(self, work: Any) -> None:
            self.tasks.append(asyncio.create_task(work()))

    subscriber: Any = Subscriber()
    loops.bounded(subscriber, durable="d", stream="s", workers=1, gate=Gate())
    for _ in range(2):  # the second time it is bound already
        await subscriber._create_subscription()
    await asyncio.wait_for(asyncio.gather(*subscriber.tasks), 20)
    assert (len(subscriber.tasks), given_back) == (1, [1])

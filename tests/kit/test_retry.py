"""What becomes of a message whose handler fails, on real durables: again later, or parked. Never lost, never hot."""

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from shared.kernel.refusal import NotYetKnown
from shared.kit import watches
from shared.kit.mongo import PyMongoError
from shared.kit.nats import retry
from shared.kit.nats.publisher import NatsError
from shared.kit.service import Received
from tests.kit.conftest import Consuming
from tests.support.post import DURABLE, PLACED, Post, said
from tests.support.servers import Servers
from tests.support.things import ThingMade
from tests.support.waiting import until

Event = Received[ThingMade]


class Failing:
    """Raises for `poison`, remembers when it was tried, and takes everything else."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error or ConnectionError("no luck")
        self.tries: list[float] = []
        self.healthy: list[str] = []

    async def __call__(self, event: Event) -> None:
        if event.data.name == "poison":
            self.tries.append(time.monotonic())
            raise self.error
        self.healthy.append(event.data.name)


async def is_parked(post: Post) -> bool:
    return len(await post.parked()) == 1


async def test_a_failing_message_comes_again_ever_later_and_is_then_parked_and_terminated(
    consuming: Consuming, post: Post, hasty: None
) -> None:
    failing = Failing()
    async with consuming(failing):
        await post.put("poison", headers={"Nats-Expected-Stream": "EVENTS", "Nats-Msg-Id": "m1", "Site-Note": "kept"})
        await until(lambda: is_parked(post))
        await until(post.idle)
    waits = [later - earlier for earlier, later in pairwise(failing.tries)]
    assert len(failing.tries) == 4
    assert all(wait >= least * 0.75 for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True)), waits
    (dead,) = await post.parked()
    headers = dead.headers or {}
    assert (dead.subject, dead.data) == (f"dlq.{DURABLE}.{PLACED}.poison", said("poison"))
    assert (headers["Lounge-Reason"], headers["Lounge-Deliveries"]) == ("handler", "4")
    assert (headers["Lounge-Error"], headers["Lounge-Stream"]) == ("ConnectionError", "EVENTS")
    assert headers["Site-Note"] == "kept"
    assert {name for name in headers if name.startswith("Nats-")} == {"Nats-Msg-Id", "Nats-Expected-Stream"}
    assert headers["Nats-Expected-Stream"] == "DLQ", "the original's own would have refused the parking"
    assert headers["Nats-Msg-Id"].startswith(f"EVENTS:{DURABLE}:")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed"),
        (b'{"cut', "malformed"),
        (b"[1]", "malformed"),
        (b"\xff\xfe", "malformed"),
        (said("x", specversion="0.3"), "malformed"),
        (said("x", data={"name": 7}), "schema"),
        (said("x", data=None), "schema"),
    ],
)
async def test_what_can_never_be_handled_is_parked_at_once_with_its_reason(
    consuming: Consuming, post: Post, raw: bytes, reason: str
) -> None:
    failing = Failing()
    async with consuming(failing):
        await post.put("bad", raw=raw, headers={"Nats-Expected-Stream": "EVENTS"})
        await until(lambda: is_parked(post))
        await until(post.idle)
    (dead,) = await post.parked()
    assert (dead.headers or {})["Lounge-Reason"] == reason
    assert (dead.headers or {})["Lounge-Deliveries"] == "1"
    assert (dead.data or b"") == raw
    assert failing.healthy == []
    assert failing.tries == []


async def test_of_what_may_be_personal_a_dead_letter_keeps_no_body(
    consuming: Consuming, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "PERSONAL", frozenset({DURABLE}))
    raw = said("x", data={"name": 7, "email": "canary@bio.example"})
    async with consuming(Failing()):
        await post.put("bad", raw=raw)
        await until(lambda: is_parked(post))
    (dead,) = await post.parked()
    assert (dead.data or b"") == b""
    assert (dead.headers or {})["Lounge-Withheld"] == str(len(raw))
    assert (dead.headers or {})["Lounge-Reason"] == "schema"
    assert "canary" not in repr(dead)


async def test_a_message_that_cannot_be_parked_is_not_lost(
    consuming: Consuming, post: Post, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, refused = Failing(retry.Permanent("foreign")), list[int]()
    async with consuming(failing) as service:
        publish = service.publisher.publish

        async def publish_later(*args: object, **more: object) -> object:
            if not refused:
                refused.append(1)
                raise NatsError("a permission is missing, say, or the stream is full")
            return await publish(*args, **more)  # type: ignore[arg-type] # passed on as they came

        monkeypatch.setattr(service.publisher, "publish", publish_later)
        await post.put("poison")
        await until(lambda: is_parked(post))
        await until(post.idle)
    assert (len(refused), len(failing.tries)) == (1, 2)
    (dead,) = await post.parked()
    assert (dead.headers or {})["Lounge-Reason"] == "foreign"


async def test_a_poison_message_does_not_hold_up_its_neighbours(consuming: Consuming, post: Post) -> None:
    failing = Failing()
    async with consuming(failing, workers=1):
        await post.put("poison")
        for n in range(20):
            await post.put(f"m{n}")
        await until(lambda: len(failing.healthy) == 20, seconds=5)
        assert 1 <= len(failing.tries) < retry.TRIES, "it is still being retried"
        assert await post.parked() == []


async def test_a_handler_that_hangs_is_cut_off_and_its_message_parked_as_poison(
    consuming: Consuming, post: Post, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "HANDLER_TIMEOUT", 0.1)
    cut: list[str] = []

    async def hang(event: Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut.append(event.data.name)

    async with consuming(hang):
        await post.put("slow")
        await until(lambda: is_parked(post))
    (dead,) = await post.parked()
    assert ((dead.headers or {})["Lounge-Reason"], len(cut)) == ("poison", 4)


async def test_while_mongodb_is_away_a_message_keeps_its_tries_and_is_handled_when_it_is_back(
    consuming: Consuming, clean: Servers, post: Post, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[Exception] = []
    rows: list[Any] = []

    async def write(event: Event) -> None:
        try:
            await rows[0].insert_one({"_id": event.data.name})
        except Exception as error:
            failed.append(error)
            raise

    async with consuming(write) as service:
        rows.append(service.collection("rows"))
        clean.kill_mongo()
        await post.put("one")
        await post.put("two")
        await until(lambda: "mongo" in service.health.wrong, seconds=5)
        await until(lambda: len(failed) >= 1, seconds=5)
        assert not service.health.ready
        before = len(failed)
        assert before <= 2, "one per worker: then the gate was closed"
        assert await post.parked() == []
        clean.restart_mongo()
        await until(post.idle, seconds=15)
        assert await rows[0].count_documents({}) == 2
        await until(lambda: service.health.ready)
    assert await post.parked() == []


async def test_an_outage_that_outlasts_every_delivery_ends_in_the_dlq_not_in_silence(
    consuming: Consuming, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_DELAYS", (0.02,))
    monkeypatch.setattr(watches, "PROBE_SECONDS", 0.05)
    failing = Failing(AutoReconnect("the primary steps down whenever it is asked"))
    async with consuming(failing):
        await post.put("poison")
        await until(lambda: is_parked(post), seconds=20)
        await until(post.idle)
    (dead,) = await post.parked()
    assert (dead.headers or {})["Lounge-Reason"] == "outage"
    assert len(failing.tries) == retry.LAST_TRY


async def come_and_gone(post: Post, times: int) -> None:
    """Delivered so often already, to workers that never said what became of it."""
    taking = await post.js.pull_subscribe_bind(DURABLE, "EVENTS")
    for _ in range(times):
        (message,) = await taking.fetch(1, timeout=5)
        await message.nak()
    await taking.unsubscribe()


async def test_a_message_that_ended_every_worker_is_parked_without_being_handled_again(
    consuming: Consuming, post: Post
) -> None:
    failing = Failing()
    await post.put("poison")
    await come_and_gone(post, retry.LAST_TRY)
    async with consuming(failing):
        await until(lambda: is_parked(post))
        await until(post.idle)
        await post.put("next")
        await until(lambda: failing.healthy == ["next"])
    (dead,) = await post.parked()
    headers = dead.headers or {}
    assert (headers["Lounge-Reason"], headers["Lounge-Deliveries"]) == ("poison", str(retry.LAST_TRY + 1))
    assert headers["Lounge-Error"] == "TooOften"
    assert failing.tries == []


async def test_a_message_has_its_last_try_before_it_is_given_up(consuming: Consuming, post: Post) -> None:
    failing = Failing()
    await post.put("late")
    await come_and_gone(post, retry.LAST_TRY - 1)
    async with consuming(failing):
        await until(lambda: failing.healthy == ["late"])
        await until(post.idle)
    assert await post.parked() == []


async def test_a_message_comes_again_for_as_long_as_it_cannot_be_parked(
    consuming: Consuming, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server used to give it up for good at the twelfth delivery, in silence."""
    monkeypatch.setattr(retry, "_DELAYS", (0.02,))
    failing, refused = Failing(retry.Permanent("foreign")), list[int]()
    async with consuming(failing) as service:
        publish = service.publisher.publish

        async def publish_later(*args: object, **more: object) -> object:
            if len(refused) < retry.LAST_TRY + 4:
                refused.append(1)
                raise NatsError("the stream is full, say")
            return await publish(*args, **more)  # type: ignore[arg-type] # passed on as they came

        monkeypatch.setattr(service.publisher, "publish", publish_later)
        await post.put("poison")
        await until(lambda: is_parked(post), seconds=20)
        await until(post.idle)
    (dead,) = await post.parked()
    assert (dead.headers or {})["Lounge-Deliveries"] == str(retry.LAST_TRY + 5)
    assert len(failing.tries) == retry.LAST_TRY, "after that it is parked, or not, without being handled"


def test_delays_grow_and_are_jittered() -> None:
    delays = [[retry.delay_after(n) for _ in range(50)] for n in range(1, 13)]
    lows, highs = [min(each) for each in delays], [max(each) for each in delays]
    assert lows[0] >= 0.15
    assert all(low < high for low, high in zip(lows, highs, strict=True))
    assert all(max(earlier) < max(later) for earlier, later in pairwise(delays[:8]))
    assert highs[-1] <= 30 * 1.25


@pytest.mark.parametrize(
    ("error", "reason", "permanent"),
    [
        (retry.Permanent("id-conflict"), "id-conflict", True),
        (NotYetKnown(), "unknown-ref", False),
        (TimeoutError(), "poison", False),
        (AutoReconnect("x"), "outage", False),
        (KeyError("x"), "handler", False),
        (PyMongoError("x"), "handler", False),
    ],
)
def test_each_failure_has_its_reason(error: Exception, reason: str, permanent: bool) -> None:
    assert retry.reason_of(error) == (reason, permanent)

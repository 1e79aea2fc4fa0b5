"""The relay when something is away: put off, sent later, in order, nothing lost, and nobody starved."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from shared.contracts.message import State
from shared.kernel.ids import new_id
from shared.kit import relay as relaying
from shared.kit.documents import history
from shared.kit.documents.history import History
from shared.kit.nats.publisher import NatsError, Publisher, SequenceMismatch
from shared.kit.service import Service
from tests.kit.conftest import Running, make_service
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.things import cause, state_of, thing
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter waits: for a PubAck, until the next try, between sweeps."""
    monkeypatch.setattr("shared.kit.nats.publisher._PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(relaying, "_BACKOFF", timedelta(seconds=0.3))
    monkeypatch.setattr(relaying, "SWEEP_SECONDS", 0.2)


async def all_sent(service: Service) -> bool:
    return bool(await service.collection("things").count_documents({"unsent": True}) == 0)


async def sequences(post: Post) -> list[int]:
    return [orjson.loads(message.data or b"")["sequence"] for message in await post.all("EVENTS")]


async def test_what_is_written_while_nats_is_away_is_sent_in_order_when_it_is_back(
    one: Running, things: Servers
) -> None:
    async with one() as (service, made):
        at, a = service.clock.now(), new_id(service.clock.now())
        things.kill_nats()
        try:
            await made.insert(a, "nyc", thing("v1", events=2), cause("k0"), at=at)
            await until(lambda: put_off(service, a))
            for n in range(2, 5):
                await made.change(a, lambda _, n=n: thing(f"v{n}"), cause(f"c{n}"), at=at)  # type: ignore[misc] # n bound early
        finally:
            things.restart_nats()
        await until(lambda: all_sent(service), seconds=15)
        post = Post(await things.client("ops"))
        assert await sequences(post) == [1, 2, 3, 4, 5]
        states = [orjson.loads(message.data or b"")["data"]["name"] for message in await post.all("STATE")]
        assert states == ["v4"]
        await post.client.close()


async def put_off(service: Service, doc_id: str) -> bool:
    """Its next try was moved beyond where the write had put it."""
    doc = await service.collection("things").find_one({"_id": doc_id})
    return bool(doc["next_try"] - doc["created_at"] != timedelta(seconds=2))


async def test_a_document_that_cannot_be_sent_starves_no_other(things: Servers, post: Post) -> None:
    def states(doc: dict[str, Any]) -> list[State]:
        if doc["name"] == "cursed":
            raise KeyError("a bug in the mapping")
        return state_of(doc)

    service = make_service(things)
    made = service.documents("things", states=states)
    async with service.running():
        at = service.clock.now()
        names = ["fine-1", "cursed", "fine-2"]
        ids = {name: new_id(at) for name in names}
        for name in names:
            await made.insert(ids[name], "nyc", thing(name), cause(name), at=at)
        await until(lambda: only_cursed(service))
        assert {(m.subject or "").rpartition(".")[2] for m in await post.all("STATE")} == {ids["fine-1"], ids["fine-2"]}


async def only_cursed(service: Service) -> bool:
    left = await service.collection("things").find({"unsent": True}).to_list(10)
    return [doc["name"] for doc in left] == ["cursed"]


async def test_marks_that_cannot_be_written_only_mean_sending_again(
    one: Running, things: Servers, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with one() as (service, made):
        relay, failed = service.relays["things"], list[int]()
        collection = relay._collection

        class Flaky:
            name = "things"
            find, update_one = collection.find, collection.update_one

            async def bulk_write(self, marks: list[Any], *, ordered: bool) -> Any:
                if not failed:
                    failed.append(len(marks))
                    raise ConnectionError("cut")
                return await collection.bulk_write(marks, ordered=ordered)

        monkeypatch.setattr(relay._marks, "_collection", Flaky())
        at, a = service.clock.now(), new_id(service.clock.now())
        await made.insert(a, "nyc", thing("desk"), cause("k0"), at=at)
        await until(lambda: all_sent(service))
        assert failed == [1]
        assert await sequences(post) == [1]


async def test_a_sweep_that_fails_is_repeated(one: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async with one() as (service, made):
        relay, asked = service.relays["things"], []
        collection = relay._collection

        class Flaky:
            name = "things"
            bulk_write, update_one = collection.bulk_write, collection.update_one

            def find(self, *args: Any) -> Any:
                asked.append(args)
                if len(asked) == 1:
                    raise ConnectionError("cut")
                return collection.find(*args)

        monkeypatch.setattr(relay, "_collection", Flaky())
        at, a = service.clock.now(), new_id(service.clock.now())
        made._nudge = lambda _: None
        await made.insert(a, "nyc", thing("desk"), cause("k0"), at=at)
        await until(lambda: all_sent(service))
        assert len(asked) > 1


class Contested(Publisher):
    """A state subject on which somebody else is always faster."""

    def __init__(self, last: tuple[int, bytes] | None) -> None:
        self.tries = 0
        self._last = last

    async def publish(self, subject: str, payload: bytes, **more: Any) -> Any:
        if more["stream"] == "STATE":
            self.tries += 1
            raise SequenceMismatch(subject)

    async def last(self, subject: str, *, stream: str) -> tuple[int, bytes] | None:
        return self._last


@pytest.mark.parametrize("last", [None, (7, b'{"sequence": 0}')])
async def test_a_state_that_never_wins_its_subject_is_put_off(things: Servers, last: tuple[int, bytes] | None) -> None:
    service = make_service(things)
    contested = Contested(last)
    relay = relaying.Relay("booking", None, None, contested, service.clock, state_of)
    with pytest.raises(NatsError, match="changed under every try"):
        await relay._publish_state({}, state_of({"_id": "a", "version": 1, "name": "x"})[0])
    assert contested.tries == 8


async def test_a_late_relay_learns_that_a_newer_state_stands(things: Servers) -> None:
    service = make_service(things)
    contested = Contested((9, b'{"sequence": 4}'))
    relay = relaying.Relay("booking", None, None, contested, service.clock, state_of)
    doc = {"_id": "a", "version": 3, "name": "x", "stated": {"booking/thing/v1": 5}}
    assert await relay._publish_state(doc, state_of(doc)[0]) == 9
    assert contested.tries == 1


async def test_a_log_of_unsent_entries_is_not_cut() -> None:
    unsent = {"_id": "a", "version": 1, "sent": 0, "log": [{"seq": n} for n in range(1, 300)]}
    assert await History(None).take(None, unsent) == 0, "there is no collection it could touch"


async def test_what_moved_to_the_history_is_republished_too(
    one: Running, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOG_LIMIT", 4)
    async with one() as (service, made):
        at, a = service.clock.now(), new_id(service.clock.now())
        await made.insert(a, "nyc", thing("v1", events=3), cause("k0"), at=at)
        await until(lambda: all_sent(service))
        for n in range(3):
            await made.change(a, lambda doc: thing(doc["name"], events=2), cause(f"c{n}"), at=at + timedelta(minutes=n))
            await until(lambda: all_sent(service))
        await until(lambda: archived(service, a))
        relay = service.relays["things"]
        assert await relay.republish(at) == 9
        assert sorted(await sequences(post)) == sorted([*range(1, 10)] * 2)
        assert await relay.republish(at + timedelta(minutes=2)) == 2


async def archived(service: Service, doc_id: str) -> bool:
    kept = await service.collection("things").find_one({"_id": doc_id})
    moved = await service.collection("things_history").count_documents({"aggregate": doc_id})
    return bool(moved and moved + len(kept["log"]) == 9)

"""Writes whose outcome is not known: settled by reading again, never answered as failed. Real fail points of mongod."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from shared.kernel.refusal import Busy
from shared.kit import crash
from shared.kit.documents import ClaimTaken, Draft, Stored
from shared.kit.documents import write as writing
from shared.kit.documents.commit import GroupCommit
from shared.kit.documents.draft import TooLarge
from shared.kit.mongo import BulkWriteError
from shared.kit.nats.request import Unavailable
from tests.kit.conftest import Running
from tests.support.servers import Servers
from tests.support.things import ThingMade, cause, thing
from tests.support.waiting import until

Failing = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def failing(clean: Servers) -> Iterator[Failing]:
    """`with failing("insert", times=2, closeConnection=True)`: what mongod does to booking's commands of this name."""
    with MongoClient[dict[str, Any]](clean.mongo_admin_url) as admin:

        @contextmanager
        def point(command: str, *, times: int = 1, **what: Any) -> Iterator[None]:
            data = {"failCommands": [command], "appName": "lounge-booking", **what}
            admin.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})
            try:
                yield
            finally:
                admin.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

        yield point


NOT_REPLICATED = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
UNSATISFIABLE = {"writeConcernError": {"code": 100, "errmsg": "not enough data-bearing nodes"}}


@pytest.mark.parametrize("error", [NOT_REPLICATED, UNSATISFIABLE])
async def test_an_insert_that_was_applied_although_its_concern_failed_succeeds(
    running: Running, failing: Failing, error: dict[str, Any]
) -> None:
    async with running() as (service, things):
        with failing("insert", **error):
            stored = await things.insert("a", "nyc", thing("desk", "g|1"), cause("k1"), at=service.clock.now())
        assert (stored.replay, stored.doc["name"]) == (False, "desk")
        assert await things.collection.count_documents({}) == 1


@pytest.mark.parametrize("error", [NOT_REPLICATED, UNSATISFIABLE])
async def test_a_change_that_was_applied_although_its_concern_failed_succeeds_once(
    running: Running, failing: Failing, error: dict[str, Any]
) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        with failing("update", **error):
            stored = await things.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        found = await things.get("a")
        assert found is not None
        assert (stored.doc["version"], found["version"], len(found["log"])) == (2, 2, 2)


async def test_a_connection_cut_once_is_not_even_seen(running: Running, failing: Failing) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        with failing("insert", closeConnection=True):
            assert not (await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)).replay
        with failing("update", closeConnection=True):
            await things.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        found = await things.get("a")
        assert found is not None
        assert (found["version"], len(found["log"])) == (2, 2)


async def test_a_connection_cut_again_and_again_is_an_unknown_outcome_and_burns_no_key(
    one: Running, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_SETTLE_SECONDS", 0.5)
    async with one() as (service, things):
        at = service.clock.now()
        with failing("insert", times=10_000, closeConnection=True), pytest.raises(Unavailable):
            await things.insert("a", "nyc", thing("desk", "g|1"), cause("k1"), at=at)
        await until(lambda: _answers(things))
        again = await things.insert("a", "nyc", thing("desk", "g|1"), cause("k1"), at=at)
        assert again.doc["version"] == 1
        with failing("update", times=10_000, closeConnection=True), pytest.raises(Unavailable):
            await things.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        await until(lambda: _answers(things))
        changed = await things.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        assert (changed.doc["version"], changed.doc["name"]) == (2, "sofa")


async def _answers(things: Any) -> bool:
    try:
        await things.get("a")
    except Exception:  # noqa: BLE001 — the pool heals by being asked
        return False
    return True


async def test_of_a_batch_whose_concern_failed_everyone_learns_their_own_outcome(
    running: Running, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_SETTLE_SECONDS", 0.5)
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("first", "nyc", thing("x", "g|1"), cause("first"), at=at)
        with failing("insert", times=20, **NOT_REPLICATED):
            claims = [f"g|{n}" for n in range(1, 21)]
            results = await asyncio.gather(
                *(things.insert(f"t{n}", "nyc", thing("x", c), cause(f"k{n}"), at=at) for n, c in enumerate(claims)),
                return_exceptions=True,
            )
        assert not any(isinstance(each, Exception) for each in results[1:])
        assert isinstance(results[0], ClaimTaken | Unavailable), "its claim was taken: never a success"
        assert await things.collection.count_documents({}) == 20
        with pytest.raises(ClaimTaken):
            await things.insert("t0", "nyc", thing("x", "g|1"), cause("k0"), at=at)


async def test_what_a_batch_could_not_write_for_another_reason_is_unknown_to_that_one_alone(
    one: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_SETTLE_SECONDS", 0.2)
    async with one() as (service, things):
        at = service.clock.now()
        things._commit = GroupCommit(Interrupted(things.collection))
        results = await asyncio.gather(
            *(things.insert(f"t{n}", "nyc", thing("x"), cause(f"k{n}"), at=at) for n in range(2)),
            return_exceptions=True,
        )
        assert [type(each) for each in results] == [Unavailable, Stored]


class Interrupted:
    """Stores all but the first document of a batch: a write error that is no duplicate key, as in a stepdown."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def insert_many(self, raws: list[Any], *, ordered: bool) -> None:
        await self.collection.insert_many(raws[1:], ordered=ordered)
        raise BulkWriteError({"writeErrors": [{"index": 0, "code": 11_602, "errmsg": "interrupted"}]})


async def test_heavy_documents_go_alone_and_too_large_ones_not_at_all(
    one: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        sizes: list[int] = []
        insert_many = things.collection.insert_many

        class Counted:
            async def insert_many(self, raws: list[Any], **more: Any) -> Any:
                sizes.append(len(raws))
                return await insert_many(raws, **more)

        things._commit = GroupCommit(Counted())
        heavy = [f"g|{n}" for n in range(101)]
        drafts = [thing("light"), thing("light"), thing("heavy", *heavy), thing("light"), thing("light")]
        await asyncio.gather(
            *(things.insert(f"t{n}", f"s{n}", draft, cause(f"k{n}"), at=at) for n, draft in enumerate(drafts))
        )
        assert sizes == [2, 1, 2]
        with pytest.raises(TooLarge):
            await things.insert("big", "nyc", Draft({"name": "x" * 1_100_000}), cause("big"), at=at)
        with pytest.raises(TooLarge):
            await things.insert("big", "nyc", Draft({}, [ThingMade(name="x" * 300_000)]), cause("big"), at=at)
        assert await things.get("big") is None


async def test_a_caller_that_gave_up_holds_nobody_else_up(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        inserts = [
            asyncio.create_task(things.insert(f"t{n}", "nyc", thing("x"), cause(f"k{n}"), at=at)) for n in range(5)
        ]
        await asyncio.sleep(0)
        inserts[2].cancel()
        results = await asyncio.gather(*inserts, return_exceptions=True)
        assert [isinstance(each, BaseException) for each in results] == [False, False, True, False, False]


async def test_a_rival_at_every_round_ends_in_busy_and_writes_nothing(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        update_one = things.collection.update_one

        class Rival:
            """Everyone else is always faster."""

            find_one = things.collection.find_one

            async def update_one(self, where: Any, update: Any) -> Any:
                await update_one({"_id": "a"}, {"$inc": {"version": 1}})
                return await update_one(where, update)

        things.collection = Rival()
        with pytest.raises(Busy):
            await things.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        found = await things.get("a")
        assert found is not None
        assert (found["name"], found["version"]) == ("desk", 1 + writing._ROUNDS)


async def test_a_change_raced_by_the_relays_mark_is_still_found_by_the_sweep(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        crash.configure("store.before_write:sleep=0.5@2")
        try:
            await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
            things._nudge = lambda _: None  # the replica dies right after its write
            await things.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        finally:
            crash.configure("")
        await until(lambda: _all_sent(things), seconds=8)


async def _all_sent(things: Any) -> bool:
    doc = await things.get("a")
    return bool(doc["sent"] == 2 and "unsent" not in doc)


async def test_a_change_without_an_event_is_written_and_settled_by_its_body(running: Running, failing: Failing) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        with failing("update", **NOT_REPLICATED):
            quiet = await things.change("a", lambda doc: Draft({"name": doc["name"], "seen": True}), cause(), at=at)
        assert (quiet.doc["version"], quiet.doc["seen"], len(quiet.doc["log"])) == (2, True, 1)
        same = await things.change("a", lambda doc: Draft({"name": doc["name"], "seen": True}), cause(), at=at)
        nothing = await things.change("a", lambda _: None, cause(), at=at)
        assert same.doc["version"] == nothing.doc["version"] == 2


async def test_a_duplicate_id_whose_document_cannot_be_read_is_unknown(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)

        class Blind:
            async def find_one(self, *_: Any) -> None:
                return None

        things.collection = Blind()
        with pytest.raises(Unavailable):
            await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)


def test_a_draft_refuses_reserved_names_and_a_claim_made_twice() -> None:
    with pytest.raises(ValueError, match="reserved field names"):
        Draft({"version": 7})
    with pytest.raises(ValueError, match="claims a string once"):
        thing("x", "g|1", "g|1")

"""Inserts that go out together: each learns its own outcome, and none sinks the others."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.kernel.refusal import DeadlinePassed
from shared.kit.documents import ClaimTaken, Draft, Stored
from shared.kit.documents import write as writing
from shared.kit.documents.commit import GroupCommit
from shared.kit.documents.sizes import TooLarge
from shared.kit.mongo import BulkWriteError
from shared.kit.nats.request import Unavailable
from tests.kit.conftest import NOT_REPLICATED, Failing, Running
from tests.support.things import ThingMade, cause, thing
from tests.support.waiting import until


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
        things._commit = GroupCommit(Interrupted(things.collection), service.clock)
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

        things._commit = GroupCommit(Counted(), service.clock)
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


def test_a_draft_refuses_reserved_names_and_a_claim_made_twice() -> None:
    with pytest.raises(ValueError, match="reserved field names"):
        Draft({"version": 7})
    with pytest.raises(ValueError, match="claims a string once"):
        thing("x", "g|1", "g|1")


async def test_effects_written_together_are_new_once_and_told_apart(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        first = await things.insert_all({f"e{n}": thing(f"v{n}") for n in range(3)}, "nyc", cause(), at=at)
        again = await things.insert_all({f"e{n}": thing("other") for n in range(5)}, "nyc", cause(), at=at)
        assert (first, again) == (3, 2)
        assert (await things.get("e0") or {})["name"] == "v0"
        await until(lambda: _none_unsent(things))


async def _none_unsent(things: Any) -> bool:
    return bool(await things.collection.count_documents({"unsent": True}) == 0)


async def test_effects_whose_writing_failed_are_unknown_and_may_be_repeated(running: Running, failing: Failing) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        drafts = {f"e{n}": thing(f"v{n}") for n in range(3)}
        with failing("insert", **NOT_REPLICATED), pytest.raises(Unavailable):
            await things.insert_all(drafts, "nyc", cause(), at=at)
        assert await things.insert_all(drafts, "nyc", cause(), at=at) == 0
        with pytest.raises(TooLarge):
            await things.insert_all({"big": Draft({"name": "x" * 1_100_000})}, "nyc", cause(), at=at)


class Moved:
    """A clock by hand, over a collection whose first write takes until it is let go."""

    def __init__(self, collection: Any, at: datetime) -> None:
        self.collection = collection
        self.at = at
        self.out, self.let_go = asyncio.Event(), asyncio.Event()

    def now(self) -> datetime:
        return self.at

    async def insert_many(self, raws: list[Any], *, ordered: bool) -> None:
        self.out.set()
        await self.let_go.wait()
        await self.collection.insert_many(raws, ordered=ordered)


async def test_what_waits_behind_a_slow_write_is_not_written_after_its_deadline_or_its_caller(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        moved = Moved(things.collection, at)
        things._commit = GroupCommit(moved, moved)

        def inserting(name: str, seconds: int | None) -> asyncio.Task[Stored]:
            deadline = None if seconds is None else at + timedelta(seconds=seconds)
            return asyncio.create_task(
                things.insert(name, "nyc", thing(name), cause(name, deadline=deadline), at=at), name=name
            )

        first = inserting("first", 5)
        await moved.out.wait()
        behind = [inserting("late", 5), inserting("early", 50), inserting("whenever", None), inserting("gone", None)]
        await until(lambda: len(things._commit._waiting) == len(behind))
        behind[-1].cancel()
        moved.at = at + timedelta(seconds=6)
        moved.let_go.set()
        assert (await first).doc["_id"] == "first", "it was out in time"
        late, *written, gone = await asyncio.gather(*behind, return_exceptions=True)
        assert isinstance(late, DeadlinePassed)
        assert isinstance(gone, asyncio.CancelledError)
        assert [type(each) for each in written] == [Stored, Stored]
        kept = {doc["_id"] for doc in await things.collection.find({}).to_list(10)}
        assert kept == {"first", "early", "whenever"}
        assert (await things.insert("late", "nyc", thing("late"), cause("late"), at=at)).doc["version"] == 1


async def test_where_all_that_waits_came_too_late_nothing_is_written(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        moved = Moved(things.collection, at + timedelta(seconds=6))
        commit = GroupCommit(moved, moved)
        with pytest.raises(DeadlinePassed):
            await commit.insert({"_id": "a"}, deadline=at)
        assert not moved.out.is_set()

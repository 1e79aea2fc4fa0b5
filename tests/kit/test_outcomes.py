"""Writes whose outcome is not known: settled by reading again, never answered as failed. Real fail points of mongod."""

from typing import Any

import pytest
from pymongo.errors import OperationFailure

from shared.kernel.refusal import Busy, KeyReused
from shared.kit import crash
from shared.kit.documents import Draft
from shared.kit.documents import write as writing
from shared.kit.nats.request import Unavailable
from tests.kit.conftest import NOT_REPLICATED, UNSATISFIABLE, Failing, Running
from tests.support.things import cause, thing
from tests.support.waiting import until


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


async def test_what_mongodb_refuses_for_good_is_no_unknown_outcome(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        with pytest.raises(OperationFailure):
            await things.change("a", lambda _: Draft({"name": "x", "$bad": {"$inc": 1}}), cause("c1"), at=at)


async def test_a_key_used_for_another_create_is_told_also_after_an_unknown_outcome(
    one: Running, failing: Failing
) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k1"), at=at)
        with pytest.raises(KeyReused), failing("insert", **NOT_REPLICATED):
            await things.insert("a", "nyc", thing("sofa"), cause("k1", fingerprint="other"), at=at)
        assert await things.replay("nobody", cause("k1")) is None

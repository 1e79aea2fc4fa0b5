"""The one write, on the real mongod with both drivers."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.message import Asked
from shared.kernel.refusal import DeadlinePassed, KeyReused, NotFound, VersionStale
from shared.kit.clock import SystemClock
from shared.kit.documents import Cause, ClaimTaken, Draft
from tests.kit.conftest import Running, ThingMade, cause, thing
from tests.support.asking import ANA
from tests.support.things import MakeThing


async def test_a_create_is_one_document_with_its_state_claims_and_log(running: Running) -> None:
    async with running() as (service, things):
        now = service.clock.now()
        stored = await things.insert("a", "nyc", thing("desk", "seat|1"), cause("k1"), at=now)
        found = await things.get("a")
    assert not stored.replay
    assert found is not None
    assert (found["version"], found["name"], found["claims"], found["created_at"]) == (1, "desk", ["seat|1"], now)
    assert [(e["seq"], e["id"], e["type"], e["actor"]) for e in found["log"]] == [
        (1, "a-1", "booking.thing_made.v1", "ana")
    ]


async def test_the_same_key_replays_and_another_body_is_refused(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        first = await things.insert("a", "nyc", thing("desk", "seat|1"), cause("k1"), at=at)
        again = await things.insert("a", "nyc", thing("desk", "seat|1"), cause("k1"), at=at)
        assert (first.replay, again.replay) == (False, True)
        with pytest.raises(KeyReused):
            await things.insert("a", "nyc", thing("sofa", "seat|2"), cause("k1", fingerprint="other"), at=at)


async def test_of_two_hundred_inserts_for_one_claim_one_wins_and_each_loser_learns_the_claim(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        results = await asyncio.gather(
            *(things.insert(f"t{n}", "nyc", thing("x", "g|1", f"own|{n}"), cause(f"k{n}"), at=at) for n in range(200)),
            return_exceptions=True,
        )
        lost = [r.claim for r in results if isinstance(r, ClaimTaken)]
        assert lost == ["g|1"] * 199
        assert await things.collection.count_documents({}) == 1


async def test_claims_of_another_site_do_not_collide(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("x", "g|1"), cause("k1"), at=at)
        await things.insert("b", "osaka", thing("x", "g|1"), cause("k2"), at=at)
        assert await things.collection.count_documents({}) == 2


async def test_one_document_that_cannot_be_encoded_fails_alone(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        bad = Draft({"name": {1, 2}}, [ThingMade(name="bad")])
        results = await asyncio.gather(
            *(things.insert(f"t{n}", "nyc", thing("x"), cause(f"k{n}"), at=at) for n in range(20)),
            things.insert("bad", "nyc", bad, cause("kb"), at=at),
            return_exceptions=True,
        )
        assert isinstance(results[-1], Exception)
        assert not any(isinstance(r, Exception) for r in results[:-1])


async def test_fifty_changes_at_once_all_happen_one_after_the_other(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("0"), cause("k0"), at=at)

        def count(doc: dict[str, object]) -> Draft:
            return thing(str(int(str(doc["name"])) + 1))

        waves = [
            await asyncio.gather(*(things.change("a", count, cause(f"c{w}-{n}"), at=at) for n in range(5)))
            for w in range(10)
        ]
        found = await things.get("a")
    assert len(waves) == 10
    assert found is not None
    assert (found["name"], found["version"], len(found["log"])) == ("50", 51, 51)


async def test_a_repeated_change_command_writes_nothing(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        first = await things.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        again = await things.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        assert (first.replay, again.replay, again.doc["version"]) == (False, True, 2)
        with pytest.raises(KeyReused):
            await things.change("a", lambda _: thing("sofa"), cause("c1", fingerprint="other"), at=at)


async def test_of_a_key_and_of_what_was_asked_only_hashes_are_kept(running: Running) -> None:
    key = "for canary@bio.example"
    asked = Asked[MakeThing](
        principal=ANA,
        data=MakeThing(name="canary"),
        correlationid="corr-1",
        deadline=SystemClock().now() + timedelta(minutes=1),
        key=key,
    )
    ours = Cause.of(asked)
    assert ours.fingerprint != Cause.of(asked.model_copy(update={"key": "k2"})).fingerprint, "salted with the key"
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), ours, at=at)
        await things.change("a", lambda _: thing("sofa"), ours, at=at)
        found = await things.get("a")
        assert "canary" not in repr(found)
        assert (await things.change("a", lambda _: thing("bed"), ours, at=at)).replay


async def test_a_key_that_an_earlier_version_stored_as_it_came_still_replays(running: Running) -> None:
    ours = cause("k1", fingerprint="salted", formerly="plain")
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        await things.change("a", lambda _: thing("sofa"), ours, at=at)
        as_before = {"log.1.command": f"{ours.actor}|{ours.operation}|k1", "log.1.fingerprint": "plain"}
        await things.collection.update_one({"_id": "a"}, {"$set": {**as_before, "fingerprint": "plain"}})
        assert (await things.change("a", lambda _: thing("bed"), ours, at=at)).replay
        assert (await things.insert("a", "nyc", thing("desk"), ours, at=at)).replay
        with pytest.raises(KeyReused):
            await things.change("a", lambda _: thing("bed"), cause("k1", fingerprint="x", formerly="y"), at=at)


async def test_a_filter_that_names_another_id_finds_nothing(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        for name in ("a", "b"):
            await things.insert(name, "nyc", thing(name), cause(name), at=at)
        assert await things.get("a", {"_id": "b"}) is None
        assert await things.get("a", {"_id": "a", "site": "nyc"}) is not None
        with pytest.raises(NotFound):
            await things.change("a", lambda _: thing("x"), cause("c"), at=at, where={"_id": "b"})


async def test_what_the_next_body_lacks_is_gone_and_claims_are_released(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        first = Draft({"name": "a", "note": "x"}, [ThingMade(name="a")], ["g|1"], (at + timedelta(hours=1), "remind"))
        await things.insert("a", "nyc", first, cause("k0"), at=at)
        await things.change("a", lambda _: thing("a"), cause("c1"), at=at)
        found = await things.get("a")
        assert found is not None
        assert not found.keys() & {"note", "claims", "due_at", "due_kind"}
        await things.insert("b", "nyc", thing("b", "g|1"), cause("k1"), at=at)


async def test_a_change_that_takes_a_held_claim_is_refused_and_writes_nothing(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("a", "g|1"), cause("k0"), at=at)
        await things.insert("b", "nyc", thing("b", "g|2"), cause("k1"), at=at)
        with pytest.raises(ClaimTaken, match=r"g\|1"):
            await things.change("b", lambda _: thing("b", "g|1"), cause("c1"), at=at)
        found = await things.get("b")
        assert found is not None
        assert (found["claims"], found["version"]) == (["g|2"], 1)


async def test_nothing_is_written_after_its_deadline_and_a_stale_version_is_refused(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        late = cause("k0", deadline=at - timedelta(seconds=1))
        with pytest.raises(DeadlinePassed):
            await things.insert("a", "nyc", thing("a"), late, at=at)
        assert await things.get("a") is None
        await things.insert("a", "nyc", thing("a"), cause("k0"), at=at)
        with pytest.raises(VersionStale):
            await things.change("a", lambda _: thing("b"), cause("c1"), at=at, if_match=7)
        with pytest.raises(NotFound):
            await things.change("a", lambda _: thing("b"), cause("c1"), at=at, where={"name": "not-mine"})


async def test_a_filter_that_names_an_id_of_its_own_finds_no_other_document(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        for name in ("mine", "yours"):
            await things.insert(name, "nyc", thing(name), cause(f"k-{name}"), at=at)
        assert await things.get("yours", {"site": "nyc", "_id": "mine"}) is None
        with pytest.raises(NotFound):
            await things.change("yours", lambda _: thing("taken"), cause("c1"), at=at, where={"_id": "mine"})
        unchanged = [await things.get("mine"), await things.get("yours")]
    assert [doc and doc["name"] for doc in unchanged] == ["mine", "yours"]

"""The record on the real servers: what an entry says, that its chain survives the store, the move and an erasure."""

from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.message import Asked, Principal
from shared.kernel.ids import new_id
from shared.kit import crash
from shared.kit.documents import Cause, Documents, history
from shared.kit.documents.chain import Checked, checked, erasing
from shared.kit.documents.write import Decide
from shared.kit.relay import ENTRY_HEADER
from shared.kit.service import Service
from tests.kit.conftest import Running
from tests.support.post import Post
from tests.support.things import MakeThing, cause, thing
from tests.support.waiting import until


async def all_sent(service: Service) -> bool:
    return bool(await service.collection("things").count_documents({"unsent": True}) == 0)


def renamed(name: str) -> Decide:
    return lambda _: thing(name)


async def whole(things: Documents, doc_id: str) -> list[dict[str, Any]]:
    doc = await things.get(doc_id)
    assert doc is not None
    return await things.whole_log(doc)


async def test_an_entry_says_who_by_what_for_which_organization_for_whom_and_why(one: Running) -> None:
    class Move(MakeThing):
        for_member: str
        reason: str

    by = Principal(kind="program", id="ana", organization="org-a", key="key-7")
    async with one() as (service, things):
        at = service.clock.now()
        asked = Asked[Move](
            principal=by,
            data=Move(name="desk", for_member="bob", reason="腰痛のため"),
            correlationid="corr-1",
            deadline=at + timedelta(minutes=1),
            key="k1",
        )
        await things.insert("a", "nyc", thing("desk"), Cause.of(asked), at=at)
        await things.change("a", lambda _: thing("sofa"), Cause("remind", "timer", "t-1"), at=at)
        first, second = await whole(things, "a")
    assert {
        k: first[k] for k in ("actor", "kind", "api_key", "organization", "on_behalf_of", "reason", "operation")
    } == {
        "actor": "ana",
        "kind": "program",
        "api_key": "key-7",
        "organization": "org-a",
        "on_behalf_of": "bob",
        "reason": "腰痛のため",
        "operation": "cmd.booking.make_thing.v1",
    }
    assert (second["actor"], second["kind"]) == ("timer", "system")
    assert not second.keys() & {"api_key", "organization", "on_behalf_of", "reason"}


async def test_the_chain_is_the_same_when_it_is_read_back(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("机", events=2), cause("k0"), at=at)
        for n in range(3):
            await things.change("a", renamed(f"t{n}"), cause(f"c{n}", reason={"ja": "理由"}), at=at)
        await things.insert_all({"b": thing("b", events=2)}, "nyc", cause(), at=at)
        assert checked("a", await whole(things, "a")) == Checked(entries=5, chained=5)
        assert checked("b", await whole(things, "b")) == Checked(entries=2, chained=2)
        await things.collection.update_one({"_id": "a"}, {"$set": {"log.3.data.name": "t9"}})
        assert [seq for seq, _ in checked("a", await whole(things, "a")).faults] == [4]


async def test_the_stream_is_a_witness_of_each_hash(one: Running, post: Post) -> None:
    async with one() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("desk", events=2), cause("k0"), at=at)
        await until(lambda: all_sent(service))
        told = [f"things {entry['id']} {entry['h'].hex()}" for entry in await whole(things, a)]
    assert [(message.headers or {})[ENTRY_HEADER] for message in await post.all("EVENTS")] == told


async def test_a_reason_is_erased_from_document_and_history_and_nothing_else_changes(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOG_LIMIT", 4)
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("0"), cause("k0"), at=at)
        for n in range(1, 7):
            why = cause(f"c{n}", reason=f"reason {n}")
            await things.change(a, renamed(str(n)), why, at=at)
            await until(lambda: all_sent(service))
        before = await things.get(a)
        assert before is not None
        assert 1 < before["log"][0]["seq"] < 7, "some of it moved, some did not"
        assert await things.forget(a, lambda entry: entry["seq"] in (2, 7)) == 2
        assert await things.forget(a, lambda entry: entry["seq"] in (2, 7)) == 0, "it is done"
        log, after = await whole(things, a), await things.get(a)
        assert after is not None
        assert [e.get("reason") for e in log] == [None, None, *(f"reason {n}" for n in range(2, 6)), None]
        assert checked(a, log) == Checked(entries=7, chained=7, erased=2)
        assert {k: v for k, v in after.items() if k != "log"} == {k: v for k, v in before.items() if k != "log"}
        assert (await things.change(a, lambda _: thing("never"), cause("c1"), at=at)).replay, "its key is still known"


async def test_what_is_not_on_the_stream_yet_is_not_erased(one: Running) -> None:
    async with one() as (service, things):
        things._nudge = lambda _: None
        at = service.clock.now()
        await things.insert("a", "nyc", thing("desk"), cause("k0", reason="why"), at=at)
        await things.collection.update_one({"_id": "a"}, {"$set": {"next_try": at + timedelta(days=1)}})
        assert await things.forget("a", lambda _: True, names=("data",)) == 0
        assert await things.forget("nobody", lambda _: True) == 0


async def test_data_that_was_erased_is_not_said_again(one: Running, post: Post) -> None:
    async with one() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("desk", events=2), cause("k0"), at=at)
        await until(lambda: all_sent(service))
        assert await things.forget(a, lambda entry: entry["seq"] == 1, names=("data",)) == 1
        assert await service.relays["things"].republish(at) == 1
        assert checked(a, await whole(things, a)) == Checked(entries=2, chained=2, erased=1)
        assert len(await post.all("EVENTS")) == 3


async def test_a_log_crosses_into_the_history_whole_whoever_dies_between(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between copying and pulling, the relay leaves each entry twice; nobody reads it twice."""
    monkeypatch.setattr(history, "LOG_LIMIT", 6)
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("0", events=2), cause("k0"), at=at)
        crash.configure("history.between_copy_and_pull:raise@1,history.between_copy_and_pull:raise@3")
        try:
            seen = [await changed_and_moved(service, things, a, n) for n in range(1, 9)]
        finally:
            crash.configure("")
        assert sum(moved >= first for first, moved in seen) >= 2, f"copies of what still stood there: {seen}"
        assert seen[-1][0] > 6
        for n in range(1, 9):
            assert (await things.change(a, lambda _: thing("never"), cause(f"c{n}"), at=at)).replay


async def changed_and_moved(service: Service, things: Documents, doc_id: str, n: int) -> tuple[int, int]:
    """One change, sent; the log is whole. The oldest number in the document, and how many rows the history has."""
    await things.change(doc_id, lambda _: thing(str(n), events=2), cause(f"c{n}"), at=service.clock.now())
    await until(lambda: all_sent(service))
    await service.relays["things"].drained()
    assert checked(doc_id, await whole(things, doc_id)) == Checked(entries=2 * n + 2, chained=2 * n + 2)
    doc = await things.get(doc_id)
    assert doc is not None
    return doc["log"][0]["seq"], await service.collection("things_history").count_documents({"aggregate": doc_id})


async def test_entries_of_a_version_without_a_chain_go_on_being_read_written_and_moved(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOG_LIMIT", 4)
    old = ("h", "salts", "kind")
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("0", events=3), cause("k0"), at=at)
        await until(lambda: all_sent(service))
        await things.collection.update_one({"_id": a}, {"$unset": {f"log.{n}.{f}": "" for n in range(3) for f in old}})
        for n in range(1, 5):
            await things.change(a, renamed(str(n)), cause(f"c{n}"), at=at)
            await until(lambda: all_sent(service))
        assert checked(a, await whole(things, a)) == Checked(entries=7, chained=4, sealed=3)
        assert erasing((await whole(things, a))[0], ["data"])["$set"], "an old entry can be erased as well"

"""Documents in older and newer forms: read, changed and rewritten beside each other, on the real mongod."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest

from shared.contracts.message import State
from shared.kernel.ids import new_id
from shared.kit.documents import Draft, Forms, NewerForm, Step
from shared.kit.documents.chain import checked
from shared.kit.documents.walking import behind
from shared.kit.relay import Relay
from shared.kit.service import Service
from tests.kit.conftest import Running, make_service
from tests.support.forms import LABEL, SHOUT, all_sent, in_form, shouting, stored
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.things import ThingMade, ThingState, cause, thing
from tests.support.waiting import until


def test_a_document_says_its_form_and_the_least_that_may_write_it_only_where_there_has_been_another() -> None:
    assert Forms().marks == {}
    assert Forms([SHOUT]).marks == {"form": 2, "least": 1}
    assert Forms([SHOUT, LABEL]).marks == {"form": 3}
    assert Forms([LABEL, SHOUT, SHOUT]).marks == {"form": 4, "least": 2}


def test_steps_run_in_order_from_the_form_a_document_is_in_and_change_nothing_of_the_store_s() -> None:
    meddling = Step(lambda doc: {**doc, "version": 9, "log": [], "claims": ["x"]})
    doc = {"_id": "a", "version": 3, "log": [1], "claims": ["g"], "name": "desk", "form": 2}
    newest = Forms([LABEL, SHOUT, meddling]).newest_of(doc)
    assert newest == {**doc, "shout": "DESK", "form": 4}, "the first step had run before"
    assert Forms([SHOUT, LABEL]).newest_of({"_id": "a", "name": "desk"}) == {
        "_id": "a",
        "shout": "DESK",
        "label": "desk",
        "form": 3,
    }


def test_a_newer_document_is_read_and_written_only_where_nothing_is_lost_by_it() -> None:
    old, newer = Forms([SHOUT]), {"_id": "a", "name": "desk", "form": 3, "least": 2}
    assert old.newest_of(newer) == {"_id": "a", "name": "desk", "form": 2, "least": 1}
    old.check_writable(newer)
    with pytest.raises(NewerForm):
        Forms().check_writable(newer)
    with pytest.raises(NewerForm):
        old.check_writable({"_id": "a", "form": 3})


async def test_an_old_document_is_seen_in_the_newest_form_and_written_in_it_when_it_changes(running: Running) -> None:
    async with running() as (service, old):
        at = service.clock.now()
        await old.insert("a", "nyc", thing("desk", "g|1"), cause("k0"), at=at)
        new = in_form(service, SHOUT, LABEL)
        seen = await new.get("a")
        assert seen is not None
        assert (seen["label"], seen["shout"], "name" in seen) == ("desk", "DESK", False)
        assert "form" not in await stored(new, "a"), "reading writes nothing"

        def relabelled(doc: dict[str, Any]) -> Draft:
            body = {"label": doc["label"] + "!", "shout": doc["shout"]}
            return Draft(body, [ThingMade(name="x")], doc["claims"])

        await new.change("a", relabelled, cause("c1"), at=at)
        doc = await stored(new, "a")
        assert (doc["label"], doc["shout"], doc["form"], doc["version"]) == ("desk!", "DESK", 3, 2)
        assert "name" not in doc
        assert checked("a", doc["log"]).faults == ()
        assert (await new.change("a", relabelled, cause("c1"), at=at)).replay


async def test_what_a_decision_sets_back_to_what_was_stored_is_written_all_the_same(running: Running) -> None:
    """Only what differs from the *stored* document goes out, not from what the steps made of it."""
    louder = Step(lambda doc: {**doc, "name": doc["name"].upper()})
    async with running() as (service, old):
        at = service.clock.now()
        await old.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        new = in_form(service, louder)
        await new.change("a", lambda _: thing("desk"), cause("c1"), at=at)
        doc = await stored(new, "a")
        assert (doc["name"], doc["form"]) == ("desk", 2)


async def test_a_new_document_is_in_the_newest_form_also_among_many(one: Running) -> None:
    async with one() as (service, _):
        at, new = service.clock.now(), in_form(service, SHOUT, LABEL)
        await new.insert("a", "nyc", Draft({"label": "a", "shout": "A"}), cause("k0"), at=at)
        await new.insert_all({"b": Draft({"label": "b", "shout": "B"})}, "nyc", cause(), at=at)
        assert [(await stored(new, i))["form"] for i in "ab"] == [3, 3]


async def test_an_old_replica_reads_what_a_newer_one_wrote_and_refuses_to_write_it_back(running: Running) -> None:
    async with running() as (service, old):
        at, new = service.clock.now(), in_form(service, LABEL)
        await new.insert("a", "nyc", Draft({"label": "mine"}, [ThingMade(name="a")]), cause("k0"), at=at)
        before = await stored(new, "a")
        seen = await old.get("a")
        assert seen is not None
        assert seen["label"] == "mine"
        with pytest.raises(NewerForm) as refused:
            await old.change("a", lambda _: thing("desk"), cause("c1"), at=at)
        assert (refused.value.status, refused.value.code) == (503, "unavailable"), "the same key may be tried again"
        assert (await stored(new, "a"))["label"] == before["label"]
        assert (await new.change("a", lambda _: Draft({"label": "x"}), cause("c1"), at=at)).doc["version"] == 2


async def test_an_old_replica_may_write_where_a_newer_one_only_derived(running: Running) -> None:
    async with running() as (service, old):
        at, new = service.clock.now(), in_form(service, SHOUT)
        await new.insert("a", "nyc", shouting("desk"), cause("k0"), at=at)
        await old.change("a", lambda _: thing("sofa"), cause("c1"), at=at)
        doc = await stored(new, "a")
        assert not doc.keys() & {"shout", "form", "least"}, "what it does not know is gone, and so the form"
        seen = await new.get("a")
        assert seen is not None
        assert seen["shout"] == "SOFA"


async def _is(found: Sequence[Any]) -> bool:
    return bool(found)


async def test_states_and_timers_see_the_newest_form(one: Running, post: Post, things: Servers) -> None:
    def states(doc: dict[str, Any]) -> list[State]:
        return [ThingState(id=doc["_id"], sequence=doc["version"], name=doc["label"])]

    rung: list[dict[str, Any]] = []

    async def ring(doc: dict[str, Any]) -> None:
        rung.append(doc)
        await service.stored["things"].change(doc["_id"], lambda d: Draft({"label": d["label"]}), cause(), at=at)

    async with one() as (before, old):
        at, a = before.clock.now(), new_id(before.clock.now())
        await old.insert(a, "nyc", thing("desk", due=(at, "ring")), cause("k0"), at=at)
        await until(lambda: all_sent(before))
    service = Service("booking", make_service(things).settings, {"things": [LABEL]})
    service.documents("things", states=states)
    service.ticker("things", {"ring": ring})
    async with service.running():
        assert await service.relays["things"].restate() == 1
        await until(lambda: _is(rung))
        await until(lambda: all_sent(service))
    assert (rung[0]["label"], rung[0]["form"]) == ("desk", 2)
    assert {orjson.loads(message.data or b"")["data"]["name"] for message in await post.all("STATE")} == {"desk"}


async def test_what_says_not_when_it_changed_is_republished_all_the_same(one: Running, post: Post) -> None:
    """Before `lounge migrate` has run, documents of the first version have no `changed_at`."""
    async with one() as (service, things):
        at = service.clock.now()
        ids = [new_id(at) for _ in range(3)]
        for doc_id in ids:
            await things.insert(doc_id, "nyc", thing("x"), cause(doc_id), at=at)
        await until(lambda: all_sent(service))
        await things.collection.update_many({"_id": {"$in": ids[:2]}}, {"$unset": {"changed_at": ""}})
        relay: Relay = service.relays["things"]
        assert await relay.republish(at) == 3
        assert len(await post.all("EVENTS")) == 6


async def test_what_changed_since_is_found_by_the_index(one: Running) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        for n in range(60):
            await things.insert(f"t{n}", "nyc", thing("x"), cause(f"k{n}"), at=at - timedelta(hours=n))
        await things.collection.update_one({"_id": "t59"}, {"$unset": {"changed_at": ""}})
        for where in ({"changed_at": None}, {"changed_at": {"$gte": at - timedelta(hours=9)}}, behind(at, "t0")):
            found = things.collection.find(where).sort([("changed_at", 1), ("_id", 1)]).limit(200)
            explained = await found.explain()
            assert "IXSCAN" in repr(explained["queryPlanner"]["winningPlan"])
            assert "SORT" not in repr(explained["queryPlanner"]["winningPlan"]).replace("SORT_MERGE", "")
            ran = explained["executionStats"]
            assert ran["totalKeysExamined"] <= 2 * ran["nReturned"] + 2

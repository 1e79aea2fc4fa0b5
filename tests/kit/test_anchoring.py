"""Anchors on the real servers: what each holds, that nothing is missed or said for ever, and who can have signed it."""

import asyncio
import itertools
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from shared.contracts.ops import anchor_subject
from shared.contracts.record import HeadsAnchored
from shared.kernel.ids import new_id
from shared.kit import anchoring
from shared.kit.anchoring import Anchors, anchored, digest_of
from shared.kit.clock import SystemClock
from shared.kit.documents import Documents, seal
from shared.kit.service import Service
from tests.kit.conftest import make_service
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.things import cause, thing
from tests.support.waiting import until

SEED = "SUANVENTEDSEED"


class Later:
    """The machine's clock, some time ahead."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.by


def booking(servers: Servers) -> tuple[Service, Documents]:
    service = make_service(servers)
    things = service.documents("things")
    return anchored(service), things


def anchors_of(service: Service, clock: Any = None) -> Anchors:
    own, seed_file = service.stored["anchors"], service.settings.nats_seed_file
    return Anchors("booking", own, service.stored, clock or service.clock, seed_file)


async def made(service: Service) -> list[dict[str, Any]]:
    """What each anchor says, in order."""
    found = service.collection("anchors").find({}).sort("_id", 1)
    return [doc["log"][0]["data"] async for doc in found]


def test_a_signature_holds_for_its_key_and_digest_alone() -> None:
    key, other = seal.key_of(SEED), seal.key_of(SEED + "X")
    signature = seal.signature_of(key, b"digest")
    assert seal.is_signed(seal.public_of(key), b"digest", signature)
    assert seal.public_of(seal.key_of(SEED + "\n")) == seal.public_of(key), "a file ends with a line"
    for public, digest, signed in (
        (seal.public_of(other), b"digest", signature),
        (seal.public_of(key), b"other", signature),
        (seal.public_of(key), b"digest", seal.signature_of(other, b"digest")),
        (seal.public_of(key), b"digest", key.sign(b"digest").hex()),
        ("no key", b"digest", signature),
        (seal.public_of(key), b"digest", "no signature"),
    ):
        assert not seal.is_signed(public, digest, signed)


async def test_each_log_that_grew_is_in_the_next_anchor_with_its_last_hash(things: Servers, post: Post) -> None:
    service, documents = booking(things)
    async with service.running():
        at, a, b = service.clock.now(), new_id(service.clock.now()), new_id(service.clock.now())
        await documents.insert(a, "nyc", thing("desk", events=2), cause("k0"), at=at)
        anchors = anchors_of(service)
        assert (await anchors.anchor(at)).model_dump() == {"anchors": 1, "heads": 1}
        later = at + timedelta(hours=1)
        await documents.insert(b, "nyc", thing("sofa"), cause("k1"), at=later)
        assert (await anchors.anchor(later)).heads == 2, "a change of just before an anchor is looked at once more"
        assert (await anchors.anchor(later + timedelta(hours=1))).heads == 1, "and then not again"
        first, second, third = await made(service)
        stored = await documents.get(a)
        assert stored is not None
        assert first["heads"] == [{"collection": "things", "id": a, "seq": 2, "hash": stored["log"][-1]["h"].hex()}]
        assert ([h["id"] for h in second["heads"]], [h["id"] for h in third["heads"]]) == ([a, b], [b])
        assert (first["number"], first.get("previous"), second["number"]) == (1, None, 2)
        assert second["previous"] == first["digest"]
        await until(lambda: sent(service))
    said = [m for m in await post.all("EVENTS") if (m.subject or "").startswith("evt.booking.heads_anchored.v1.")]
    assert [orjson.loads(m.data or b"")["data"] for m in said] == [first, second, third]
    for anchor in map(HeadsAnchored.model_validate, (first, second, third)):
        digest = digest_of("booking", anchor.number, anchor.previous, anchor.heads)
        assert seal.is_signed(anchor.key, digest, anchor.signature)
        assert anchor.key == seal.public_of(seal.key_of(things.seed_file("booking").read_text()))


async def sent(service: Service) -> bool:
    return bool(await service.collection("anchors").count_documents({"unsent": True}) == 0)


async def test_a_change_that_lands_late_is_in_the_next_anchor(things: Servers) -> None:
    """It was decided before an anchor was made and written after it."""
    service, documents = booking(things)
    async with service.running():
        at, anchors = service.clock.now(), anchors_of(service)
        await documents.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        await anchors.anchor(at)
        await documents.insert("late", "nyc", thing("sofa"), cause("k1"), at=at - timedelta(minutes=5))
        await anchors.anchor(at + timedelta(hours=1))
        assert "late" in [head["id"] for head in (await made(service))[1]["heads"]]


async def test_many_heads_take_several_anchors_and_several_replicas_make_each_number_once(
    things: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchoring, "MOST_HEADS", 7)
    service, documents = booking(things)
    async with service.running():
        at = service.clock.now()
        ids = [f"t{n:02d}" for n in range(30)]
        await documents.insert_all({doc_id: thing(doc_id) for doc_id in ids}, "nyc", cause(), at=at)
        await asyncio.gather(*(anchors_of(service).anchor(at) for _ in range(3)))
        await anchors_of(service).anchor(at)
        said = await made(service)
        assert [each["number"] for each in said] == list(range(1, len(said) + 1))
        assert all(after["previous"] == before["digest"] for before, after in itertools.pairwise(said))
        assert {head["id"] for each in said for head in each["heads"]} == set(ids)
        assert max(len(each["heads"]) for each in said) == 7


async def test_an_entry_without_a_hash_is_no_head_and_an_empty_day_is_an_anchor_too(things: Servers) -> None:
    service, documents = booking(things)
    async with service.running():
        at = service.clock.now()
        await documents.insert("old", "nyc", thing("desk"), cause("k0"), at=at)
        await documents.collection.update_one({"_id": "old"}, {"$unset": {"log.0.h": "", "log.0.salts": ""}})
        assert (await anchors_of(service).anchor(at)).model_dump() == {"anchors": 1, "heads": 0}


async def test_one_is_made_by_itself_once_a_day_whatever_the_replicas_and_by_ops_at_any_time(
    things: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchoring, "_LOOK_SECONDS", 0.02)
    service, _ = booking(things)
    clock = Later()
    async with service.running():
        keepers = [asyncio.create_task(anchors_of(service, clock).run()) for _ in range(5)]
        try:
            await until(lambda: counts(service, 1))
            clock.by = timedelta(hours=23)
            await asyncio.sleep(0.1)
            assert await counts(service, 1), "not before a day is over"
            clock.by = timedelta(hours=24, seconds=1)
            await until(lambda: counts(service, 2))
            await asyncio.sleep(0.1)
            assert await counts(service, 2), "one of them"
        finally:
            for keeper in keepers:
                keeper.cancel()
        ops = await things.client("ops")
        told = orjson.loads((await ops.request(anchor_subject("booking"), b"{}", timeout=8)).data)
        await ops.close()
        assert told["data"] == {"anchors": 1, "heads": 0}


async def counts(service: Service, wanted: int) -> bool:
    return bool(await service.collection("anchors").count_documents({}) == wanted)


async def test_without_a_seed_nothing_is_signed(things: Servers) -> None:
    service, _ = booking(things)
    async with service.running():
        nameless = Anchors("booking", service.stored["anchors"], service.stored, service.clock, None)
        with pytest.raises(ValueError, match="LOUNGE_NATS_SEED_FILE"):
            await nameless.anchor(service.clock.now())
        task = asyncio.create_task(nameless.run())
        await asyncio.sleep(0)
        assert not task.done()
        task.cancel()

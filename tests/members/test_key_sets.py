"""The stored key set: many replicas, one document, private parts sealed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.errors import JoseError

from services.members.domain.key_set import PUBLISHED_BEFORE_USE, ROTATED_EVERY
from services.members.store.secret import Secret
from services.members.store.signing import KeySets
from shared.kit.mongo import Driver, Mongo
from tests.members.conftest import NOON
from tests.support.replica import replica
from tests.support.servers import Servers
from tests.support.waiting import until

SECRET = Secret(b"k" * 48)


@pytest.fixture(params=["motor", "pymongo"])
async def mongo(clean: Servers, request: pytest.FixtureRequest) -> AsyncIterator[Mongo]:
    driver: Driver = request.param
    mongo = Mongo(clean.mongo_url("members"), "members", driver)
    yield mongo
    await mongo.close()


def replicas(mongo: Mongo, count: int, secret: Secret = SECRET) -> list[KeySets]:
    return [KeySets(mongo.collection("signing_keys"), secret) for _ in range(count)]


async def test_replicas_that_start_at_once_agree_on_the_first_key(mongo: Mongo) -> None:
    sets = await asyncio.gather(*(r.get(NOON) for r in replicas(mongo, 20)))
    assert len(set(sets)) == 1


async def test_replicas_that_rotate_at_once_publish_one_new_key(mongo: Mongo) -> None:
    sets = await asyncio.gather(*(r.rotate(NOON) for r in replicas(mongo, 8)))
    assert len(set(sets)) == 1
    assert len(sets[0].keys) == 2


async def test_a_key_is_replaced_when_due_and_not_before(mongo: Mongo) -> None:
    keys = replicas(mongo, 1)[0]
    first = await keys.get(NOON)
    assert await keys.rotate(NOON + ROTATED_EVERY - timedelta(seconds=1), if_due=True) == first
    due = NOON + ROTATED_EVERY
    replaced = await keys.rotate(due, if_due=True)
    assert replaced.keys[0].kid == first.keys[0].kid
    assert replaced.keys[1].signs_from == due + PUBLISHED_BEFORE_USE
    assert await keys.rotate(due + timedelta(minutes=1), if_due=True) == replaced


async def test_another_secret_cannot_sign_with_the_stored_keys(mongo: Mongo) -> None:
    await replicas(mongo, 1)[0].sign({"sub": "m1"}, NOON)
    with pytest.raises(JoseError):
        await replicas(mongo, 1, Secret(b"x" * 48))[0].sign({"sub": "m1"}, NOON)


async def test_a_replica_with_another_secret_does_not_start(clean: Servers, mongo: Mongo, tmp_path: Path) -> None:
    await replicas(mongo, 1)[0].get(NOON)
    await clean.apply_topology()
    theirs: dict[str, object] = {
        "mongo_url": clean.mongo_url("members"),
        "mongo_database": "members",
        "members_secret": "1" * 64,
    }
    theirs |= {"nats_seed_file": clean.seed_file("members"), "nats_inbox_prefix": clean.inbox_prefix("members")}
    with replica(clean, tmp_path, module="services.members", **theirs) as members:
        await until(lambda: members.ended, seconds=40)
    sentence = "LOUNGE_MEMBERS_SECRET: it is not the one that sealed the stored signing keys"
    assert (members.status, members.text.splitlines()[-1]) == (2, f"lounge: cannot start: {sentence}")

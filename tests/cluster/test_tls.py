"""A cluster and a set whose members and clients speak TLS only, with certificates of an authority of their own."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nats.js.api import PubAck
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy import topology
from deploy.mongo.admin import Passwords
from deploy.nats.keys import KeyFolder
from deploy.tls import Tls
from shared.contracts.topology import inbox_prefix
from shared.kit.health import Health
from shared.kit.mongo import Mongo
from shared.kit.nats.broker import LoungeBroker
from shared.kit.nats.publisher import NatsError, Publisher
from shared.kit.settings import KitSettings
from tests.support.certificates import certificates
from tests.support.cluster import SITE, MongoSet, NatsCluster
from tests.support.eventually import eventually
from tests.support.patience import deadline


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Tls]:
    """Makes an authority, in a folder of this name, and what it signed for 127.0.0.1."""

    def make(name: str) -> Tls:
        made = certificates(tmp_path_factory.mktemp(name), "127.0.0.1")
        return Tls(made.chain, made.authority)

    return make


async def test_services_and_jobs_reach_a_nats_cluster_by_tls_and_only_if_they_know_its_authority(
    tmp_path: Path, authority: Callable[[str], Tls], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, keys = authority("Ours"), KeyFolder(tmp_path / "keys")
    keys.seed_file(f"site-{SITE}")
    cluster = NatsCluster(tmp_path, keys, tls=tls)
    try:
        cluster.start()
        eventually(cluster.is_ready, seconds=20, what="three servers")
        monkeypatch.setenv("LOUNGE_NATS_CA_FILE", str(authority("Theirs").ca))
        with pytest.raises(Exception, match="certificate verify failed"):
            await topology.connect(cluster.url, keys.seed_file("ops"), "ops")
        monkeypatch.setenv("LOUNGE_NATS_CA_FILE", str(tls.ca))
        await cluster.apply()
        seed, inbox = keys.seed_file("booking"), inbox_prefix("booking")
        told = KitSettings(nats_url=cluster.url, nats_seed_file=seed, nats_inbox_prefix=inbox, nats_ca_file=tls.ca)
        broker = LoungeBroker(told, Health(), name="booking")
        await broker.connect()
        ack = await acknowledged(Publisher(broker))
        broker.closing = True
        await broker.stop()
    finally:
        cluster.stop()
    assert ack.stream == "EVENTS"


async def acknowledged(publisher: Publisher, *, seconds: float = 20) -> PubAck:
    """That a stream is there, and who leads it, is known to one server a moment before another."""
    end = deadline(seconds)
    while True:
        try:
            return await publisher.publish("evt.booking.probe.v1.a", b"{}", stream="EVENTS")
        except NatsError:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.1)


async def test_services_reach_a_replica_set_by_tls_alone(tmp_path: Path, authority: Callable[[str], Tls]) -> None:
    members = MongoSet(tmp_path, Passwords(tmp_path / "keys"), tls=authority("Ours"))
    try:
        members.start()
        members.form()
        mongo = Mongo(members.url_of("booking"), "booking")
        await mongo.collection("probe").insert_one({"_id": "kept"})
        found = await mongo.collection("probe").find_one({"_id": "kept"})
        await mongo.close()
        plain = members.url_of("booking").partition("&tls=")[0]
        with MongoClient[dict[str, Any]](plain, serverSelectionTimeoutMS=300) as client, pytest.raises(PyMongoError):
            client.admin.command("ping")
    finally:
        members.stop()
    assert found == {"_id": "kept"}

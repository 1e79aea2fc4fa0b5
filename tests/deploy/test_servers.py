"""The servers other tests stand on."""

import asyncio
import subprocess
import sys

import pytest
from pymongo import MongoClient

from deploy.embedded.children import free_port, reserve
from tests.support.servers import Servers


def test_a_port_is_given_once_though_nobody_listens_on_it_yet() -> None:
    ports = [free_port() for _ in range(500)]
    assert len(set(ports)) == 500, "by chance alone about ten of them were given twice"


def test_a_port_is_given_to_one_process_though_nobody_listens_on_it_yet() -> None:
    port = free_port()
    asking = "import sys; from deploy.embedded.children import reserve; print(reserve(int(sys.argv[1])))"
    other = subprocess.run([sys.executable, "-c", asking, str(port)], check=True, capture_output=True, text=True)
    assert other.stdout == "False\n"
    assert reserve(port), "it is ours still"


async def test_a_published_event_is_stored_by_the_real_server(clean: Servers) -> None:
    booking = await clean.client("booking")
    ack = await booking.jetstream().publish("evt.booking.probe.v1.a", b"{}", stream="EVENTS", timeout=5)
    await booking.close()
    assert ack.stream == "EVENTS"


async def test_what_was_acknowledged_survives_kill_9_of_the_server(clean: Servers) -> None:
    booking = await clean.client("booking")
    await booking.jetstream().publish("evt.booking.probe.v1.b", b"kept", stream="EVENTS", timeout=5)
    await booking.close()
    await asyncio.to_thread(clean.kill_nats)
    clean.restart_nats()
    ops = await clean.client("ops")
    found = await ops.jetstream().get_last_msg("EVENTS", "evt.booking.probe.v1.b")
    await ops.close()
    assert found.data == b"kept"


@pytest.mark.parametrize("service", ["booking", "members", "events", "notify"])
def test_each_service_reads_and_writes_its_own_database(clean: Servers, service: str) -> None:
    with MongoClient[dict[str, object]](clean.mongo_url(service)) as client:
        client[service]["probe"].insert_one({"_id": "a"})
        client[service]["probe"].update_one({"_id": "a"}, {"$set": {"n": 1}})
        found = client[service]["probe"].find_one({"_id": "a"})
    assert found == {"_id": "a", "n": 1}


def test_clean_leaves_no_document_and_no_message(clean: Servers) -> None:
    clean.clean()
    with MongoClient[dict[str, object]](clean.mongo_admin_url) as client:
        left = {name: client["booking"][name].count_documents({}) for name in client["booking"].list_collection_names()}
    assert set(left.values()) <= {0}

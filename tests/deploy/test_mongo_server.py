"""One mongod through the turns of an installation's life."""

from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.embedded.children import free_port
from deploy.mongo.admin import Passwords, connect, declared_indexes
from deploy.mongo.server import MongoServer
from shared.contracts.topology import SERVICES
from tests.support.servers import Servers


def test_what_was_stored_is_there_after_a_stop_and_on_another_port(tmp_path: Path) -> None:
    server = MongoServer(tmp_path, Passwords(tmp_path / "keys"))
    try:
        server.start()
        server.wait_ready()
        with MongoClient[dict[str, Any]](server.url_of("booking")) as client:
            client["booking"]["notes"].insert_one({"_id": "kept"})
        server.stop()
        server.port = free_port()
        server.start()
        server.wait_ready()
        with MongoClient[dict[str, Any]](server.url_of("booking")) as client:
            assert client["booking"]["notes"].find_one() == {"_id": "kept"}
    finally:
        server.stop()


@pytest.mark.parametrize("service", SERVICES)
def test_every_index_a_store_declares_is_there(servers: Servers, service: str) -> None:
    with connect(servers.mongo.port, servers.passwords.of("lounge_admin")) as client:
        for collection, models in declared_indexes(service).items():
            there = set(client[service][collection].index_information()) if models else set()
            assert {model.document["name"] for model in models} <= there


def test_a_slow_operation_leaves_no_value_of_anybody_in_the_log(tmp_path: Path) -> None:
    server = MongoServer(tmp_path, Passwords(tmp_path / "keys"))
    try:
        server.start()
        server.wait_ready()
        with MongoClient[dict[str, Any]](server.admin_url) as client:
            notes = client["booking"]["notes"]
            client["booking"].command("profile", 0, slowms=-1)
            notes.insert_one({"name": "Canarysson"})
            notes.find_one({"name": "Canarysson"})
            assert "Canarysson" not in server.said.read_text()
            client["booking"].command("profile", 0, sampleRate=1.0)
            notes.find_one({"name": "Canarysson"})
            assert "Canarysson" in server.said.read_text(), "every operation counts as slow here"
    finally:
        server.stop()

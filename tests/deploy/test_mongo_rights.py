"""Each service's MongoDB user: its own database, three verbs, nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from tests.support.servers import Servers

SERVICES = ("booking", "members", "events", "notify")
FOREIGN = [(who, whose) for who in SERVICES for whose in (*SERVICES, "admin", "config", "local") if who != whose]
UNAUTHORIZED = 13

Deed = Callable[[Database[dict[str, Any]]], object]
ANYWHERE: dict[str, Deed] = {
    "find": lambda db: db["probe"].find_one({}),
    "count": lambda db: db["probe"].count_documents({}),
    "insert": lambda db: db["probe"].insert_one({}),
    "update": lambda db: db["probe"].update_one({}, {"$set": {"a": 1}}, upsert=True),
}
EVEN_AT_HOME: dict[str, Deed] = {
    "remove": lambda db: db["probe"].delete_many({}),
    "drop": lambda db: db["probe"].drop(),
    "create an index": lambda db: db["probe"].create_index("a"),
    "list collections": lambda db: db.list_collection_names(),
    "drop the database": lambda db: db.client.drop_database(db.name),
    "make a user": lambda db: db.command("createUser", "x", pwd="x", roles=[]),
    "stop the server": lambda db: db.client["admin"].command("shutdown"),
}


@pytest.mark.parametrize(("who", "whose"), FOREIGN)
def test_a_foreign_database_is_closed(servers: Servers, who: str, whose: str) -> None:
    with MongoClient[dict[str, Any]](servers.mongo_url(who)) as client:
        for deed in [*ANYWHERE.values(), *EVEN_AT_HOME.values()]:
            with pytest.raises(OperationFailure) as refusal:
                deed(client[whose])
            assert refusal.value.code == UNAUTHORIZED


@pytest.mark.parametrize("who", SERVICES)
def test_at_home_a_service_finds_inserts_and_updates_only(servers: Servers, who: str) -> None:
    with MongoClient[dict[str, Any]](servers.mongo_url(who)) as client:
        for deed in ANYWHERE.values():
            deed(client[who])
        for deed in EVEN_AT_HOME.values():
            with pytest.raises(OperationFailure) as refusal:
                deed(client[who])
            assert refusal.value.code == UNAUTHORIZED


def test_nobody_reads_without_a_password(servers: Servers) -> None:
    with (
        MongoClient[dict[str, Any]]("127.0.0.1", servers.mongo.port, directConnection=True) as client,
        pytest.raises(OperationFailure) as refusal,
    ):
        client["booking"]["probe"].find_one({})
    assert refusal.value.code == UNAUTHORIZED


def test_javascript_in_a_query_is_refused(servers: Servers) -> None:
    with MongoClient[dict[str, Any]](servers.mongo_url("booking")) as client:
        client["booking"]["probe"].insert_one({})
        with pytest.raises(OperationFailure, match="no globalScriptEngine"):
            client["booking"]["probe"].find_one({"$where": "true"})

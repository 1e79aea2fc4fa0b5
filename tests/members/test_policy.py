"""The table of rights on the real servers: one document, told to those who judge by it."""

from typing import Any

import orjson
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from shared.contracts.members import POLICY_ID, PolicyState
from tests.members.conftest import Houses, replica
from tests.support.servers import Servers
from tests.support.waiting import until

SUBJECT = f"state.{PolicyState.wire}.{POLICY_ID}"


async def stated(client: Client, version: int) -> PolicyState:
    """The table on the stream, once it is there in this version."""
    found: list[PolicyState] = []

    async def is_there() -> bool:
        try:
            message = await client.jetstream().get_last_msg("STATE", SUBJECT)
        except NotFoundError:
            return False
        found[:] = [PolicyState.model_validate(orjson.loads(message.data or b"")["data"])]
        return found[0].sequence == version

    await until(is_there)
    return found[0]


async def test_a_new_system_tells_its_first_table_once_however_many_replicas_start(
    clean: Servers, houses: Houses
) -> None:
    ops = await clean.client("ops")
    for _ in range(2):
        async with houses() as house, replica(clean).running(), replica(clean).running():
            table = await stated(ops, 1)
            docs: list[dict[str, Any]] = list(house.admin["members"]["policies"].find({}))
        assert {row.kind for row in table.rows if not row.allowed} == {"partner", "guest"}
        assert [(doc["_id"], doc["version"], len(doc["log"])) for doc in docs] == [(POLICY_ID, 1, 1)]
        assert docs[0]["reason"].startswith("policy.toml")
    await ops.close()

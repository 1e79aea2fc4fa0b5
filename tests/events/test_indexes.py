"""Every read of the service goes by an index and examines hardly a key in vain: asked of mongod's own profiler."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from shared.contracts.events import (
    CancelRegistration,
    GetRegistration,
    GetSeminar,
    ListQuarantine,
    ListSeminars,
    Register,
)
from tests.events.conftest import House, member
from tests.events.words import published
from tests.support.servers import Servers


@pytest.fixture
def profiled(clean: Servers) -> Iterator[Any]:
    """The profile of the service's database, emptied and running."""
    with MongoClient[dict[str, Any]](clean.mongo_admin_url) as admin:
        database = admin["events"]
        database.command("profile", 0)
        database["system.profile"].drop()
        database.command("profile", 2)
        yield database["system.profile"]
        database.command("profile", 0)
        database["system.profile"].drop()


async def test_no_read_scans_a_collection(house: House, profiled: Any) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 40}, "online": {}})
    for n in range(20):
        await house.publish(published("osaka", f"other-{n}"))
        await house.publish(b"nonsense")
    await house.receipts(41)
    asked = [Register(seminar=seminar, mode="onsite" if n % 3 else "online") for n in range(120)]
    await asyncio.gather(*(house.ask(each, member(f"m-{n}"), key=f"k-{n}") for n, each in enumerate(asked)))
    await house.ask(CancelRegistration(seminar=seminar), member("m-1"))
    await house.ask(GetRegistration(seminar=seminar), member("m-119"))
    await house.ask(GetSeminar(id=seminar), member("m-1"))
    for query in (ListSeminars(), ListSeminars(site="osaka"), ListQuarantine(site="osaka")):
        await house.ask(query)
    reads = list(profiled.find({"appName": "lounge-events", "planSummary": {"$exists": True}}))
    assert len({(r["ns"], r["planSummary"]) for r in reads}) > 8
    assert [(r["ns"], r.get("command")) for r in reads if "COLLSCAN" in r["planSummary"]] == []
    wasteful = [
        (r["ns"], r["planSummary"], r["command"])
        for r in reads
        if r["op"] == "query" and r.get("docsExamined", 0) > 2 * r.get("nreturned", 0) + 20
    ]
    assert wasteful == []

"""Figures looked up beside the work, on the real servers."""

from datetime import timedelta

from prometheus_client import REGISTRY

from shared.kernel.ids import new_id
from shared.kit import figures
from tests.kit.conftest import Running, cause, thing
from tests.support.waiting import until


def shown(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None, f"{name} {labels} is not shown"
    return value


async def test_what_is_unsent_keeps_its_age_while_it_is_put_off(running: Running) -> None:
    async with running() as (service, things):
        at, a = service.clock.now() - timedelta(minutes=3), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("desk"), cause("k0"), at=at)
        await until(lambda: _sent(things.collection))
        later = service.clock.now() + timedelta(minutes=1)

        async def put_off() -> bool:
            """The nudge and the sweep may both have sent it: the later one's mark can still be on its way."""
            await things.collection.update_one({"_id": a}, {"$set": {"sent": 0, "unsent": True, "next_try": later}})
            await figures.look(service)
            return shown("lounge_unsent_documents", collection="things") == 1

        await until(put_off)
        assert 180 <= shown("lounge_oldest_unsent_seconds", collection="things") < 200
        await things.collection.update_one({"_id": a}, {"$unset": {"unsent": "", "next_try": ""}})
        await figures.look(service)
        assert shown("lounge_unsent_documents", collection="things") == 0
        assert shown("lounge_oldest_unsent_seconds", collection="things") == 0


async def _sent(collection: object) -> bool:
    return bool(await collection.count_documents({"unsent": True}) == 0)  # type: ignore[attr-defined] # the driver's


async def test_a_replica_shows_that_it_is_ready_and_reaches_its_servers(running: Running) -> None:
    async with running():
        await until(lambda: REGISTRY.get_sample_value("lounge_mongo_reachable", {"database": "booking"}) == 1)
        assert shown("lounge_ready") == 1
        assert shown("lounge_nats_connected") == 1
        assert shown("lounge_clock_off_seconds") < 2
    assert shown("lounge_ready") == 0
    assert shown("lounge_nats_connected") == 0

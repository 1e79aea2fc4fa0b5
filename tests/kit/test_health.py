"""What a replica says of itself, and the small door it says it through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from deploy.embedded.children import free_port
from shared.kit.asserts import Misconfigured
from shared.kit.health import Health
from shared.kit.http import health_app, serve_health
from shared.kit.settings import KitSettings
from tests.support.waiting import until


def test_a_replica_is_ready_once_it_opened_and_while_nothing_is_wrong() -> None:
    health = Health()
    assert (health.ready, health.report()["status"]) == (False, "starting")
    health.opened = True
    assert (health.ready, health.report()["status"]) == (True, "ok")
    health.bad("mongo", "no primary")
    assert (health.ready, health.report()["status"]) == (False, "not-ready")
    health.good("mongo")
    health.degrade("notify", "does not answer")
    assert (health.ready, health.report()["status"]) == (True, "degraded")
    assert health.report()["degraded"] == {"notify": "does not answer"}
    health.good("notify")
    assert health.report() == {"status": "ok", "wrong": {}, "degraded": {}}


@asynccontextmanager
async def door(health: Health) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve_health(health, KitSettings(nats_url="nats://x", http_port=(port := free_port()))),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


async def test_the_door_tells_live_ready_and_figures() -> None:
    health = Health()
    async with door(health) as client:
        await until(lambda: answers(client))
        starting = await client.get("/health/ready")
        health.opened = True
        ready = await client.get("/health/ready")
        live, figures, other = [await client.get(path) for path in ("/health/live", "/metrics", "/admin")]
    assert (starting.status_code, starting.json()["status"]) == (503, "starting")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert (live.status_code, other.status_code) == (200, 404)
    assert "lounge_insert_batch" in figures.text


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/live")).status_code == 200
    except httpx.TransportError:
        return False


async def test_port_zero_leaves_the_door_shut() -> None:
    async with serve_health(Health(), KitSettings(nats_url="nats://x")):
        pass


async def test_a_port_in_use_is_named() -> None:
    async with door(Health()) as client:
        settings = KitSettings(nats_url="nats://x", http_port=client.base_url.port or 0)
        with pytest.raises(Misconfigured, match="LOUNGE_HTTP_PORT"):
            async with serve_health(Health(), settings):
                raise AssertionError("it is not to open")


async def test_what_is_no_request_is_left_alone() -> None:
    async def never(*_: object) -> None:
        raise AssertionError("nothing is sent")

    await health_app(Health())({"type": "lifespan"}, never, never)

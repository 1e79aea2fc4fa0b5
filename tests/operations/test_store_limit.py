"""docs/operations/storage-full.md, tried: JetStream has stored what it may, and is given more while it runs."""

import asyncio
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.errors import ServiceUnavailableError

from deploy import topology
from deploy.nats.keys import KeyFolder
from deploy.nats.server import NatsServer
from services.gateway import servers
from shared.kit.documents import Documents
from shared.kit.ops import status as replica_status
from shared.kit.service import Service
from tests.kit.conftest import empty_things, make_service
from tests.support.servers import Servers
from tests.support.system import LOUNGE
from tests.support.things import cause, thing
from tests.support.waiting import until

BLOCK = 128 * 1024
THINGS = 20
LIMIT = 1024**2


@pytest.fixture
def small(clean: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NatsServer]:
    """A nats-server that may store one MiB, with the installation's keys; `lounge … --data tmp_path` speaks to it."""
    monkeypatch.setenv("LOUNGE_NATS_STORE_BYTES", str(LIMIT))
    keys = tmp_path / "keys" / "nats"
    shutil.copytree(clean.keys.folder, keys, ignore=shutil.ignore_patterns("site-*", "hub-*"))
    server = NatsServer(tmp_path, KeyFolder(keys))
    try:
        server.start()
        server.wait_ready()
        monkeypatch.delenv("LOUNGE_NATS_STORE_BYTES")
        nats = {"name": "nats-1", "pid": 1, "port": server.port}
        (tmp_path / "run.json").write_text(json.dumps({"nats": server.url, "processes": [nats]}))
        (tmp_path / "ports.json").write_text(json.dumps({"nats-monitor": server.monitor_port}))
        yield server
    finally:
        server.stop()


async def lounge(data: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    argv = [*LOUNGE, *words, "--json", "--data", str(data)]
    return await asyncio.to_thread(subprocess.run, argv, check=False, capture_output=True, text=True)


async def filled(ops: Client) -> None:
    """Publishes until it is refused."""
    for n in range(100):
        await ops.jetstream().publish(f"evt.booking.ballast.v1.{n}", bytes(BLOCK), stream="EVENTS", timeout=5)


async def made(service: Service, things: Documents) -> None:
    at = service.clock.now()
    for n in range(THINGS):
        await things.insert(f"t{n}", "nyc", thing(f"t{n}"), cause(f"k{n}"), at=at)


async def signs(small: NatsServer) -> None:
    """What the page says one sees: the alert's figures, the server's log, and a server that is well by itself."""
    await until(lambda: "JetStream file resource limits exceeded" in small.said.read_text())
    await servers.Jetstream(small.monitor_url)._look()
    assert servers.STORED._value.get() > 0.8 * servers.LIMIT._value.get(), "NatsStorageFilling"
    assert (await asyncio.to_thread(_read, f"{small.monitor_url}/healthz"))["status"] == "ok"


async def given_room(small: NatsServer, data: Path) -> None:
    """By the page's commands, without a restart."""
    child = small.child
    refused = await lounge(data, "storage", "--limit", "512K")
    assert (refused.returncode, "less than the 1048576" in refused.stderr) == (1, True), refused.stderr
    told = await lounge(data, "storage", "--limit", "16M")
    assert told.returncode == 0, told.stderr
    assert [each["limit"] for each in json.loads(told.stdout)["servers"]] == [16 * 1024**2]
    assert json.loads(told.stdout)["streams"][0]["stream"] == "EVENTS"
    assert child is not None
    assert child.poll() is None


async def test_a_full_store_is_seen_and_given_more_room_without_a_restart(
    clean: Servers, small: NatsServer, tmp_path: Path
) -> None:
    empty_things(clean)
    ops = await topology.connect(small.url, small.keys.seed_file("ops"), "ops")
    await topology.apply(ops.jetstream())
    urls = {"nats_url": small.url, "nats_monitor_url": small.monitor_url}
    service = make_service(clean, nats_seed_file=small.keys.seed_file("booking"), **urls)
    things = service.documents("things")

    async def unsent(count: int) -> bool:
        return (await replica_status(service)).unsent == {"things": count}

    async with service.running():
        with pytest.raises(ServiceUnavailableError, match="insufficient resources"):
            await filled(ops)
        await made(service, things)
        await signs(small)
        assert await unsent(THINGS), "all are taken, none is told"
        await given_room(small, tmp_path)
        await until(lambda: unsent(0), seconds=40)
    state = (await ops.jetstream().stream_info("EVENTS", subjects_filter="evt.booking.thing_made.>")).state
    assert sorted((state.subjects or {}).values()) == [1] * THINGS
    await ops.close()


def _read(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)

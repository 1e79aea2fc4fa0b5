"""What a replica asserts before it takes work, and how a process says that it cannot start."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from faststream import AckPolicy
from nats.js import api

from deploy.embedded.binaries import mongod
from deploy.embedded.children import free_port, spawn, stop
from shared.contracts.topology import DURABLES, Durable
from shared.kit import service
from shared.kit.asserts import Misconfigured, durables_applied, mongo_keeps_writes, mongo_reached
from shared.kit.clock import SystemClock
from shared.kit.mongo import Mongo
from shared.kit.settings import KitSettings
from shared.kit.starting import faults
from tests.kit.conftest import make_service
from tests.support.asking import ANA, calling
from tests.support.post import DURABLE, Post
from tests.support.replica import replica
from tests.support.servers import Servers
from tests.support.thing_service import CLOSE
from tests.support.things import MakeThing, ThingMade
from tests.support.waiting import until

PLACED = next(d for d in DURABLES if d.name == DURABLE)


async def handle(_: Any) -> None:
    raise AssertionError("nothing is handled here")


def consumer(servers: Servers, **settings: Any) -> service.Service:
    made = make_service(servers, name="notify", **settings)
    made.event(stream="EVENTS", durable=DURABLE, model=ThingMade, ack_policy=AckPolicy.NACK_ON_ERROR)(handle)
    return made


async def refused(made: service.Service) -> str:
    with pytest.raises(Misconfigured) as error:
        async with made.running():
            raise AssertionError("it is not to start")
    assert not made.health.ready
    return str(error.value)


async def test_a_missing_durable_is_named(clean: Servers, post: Post) -> None:
    await post.delete()
    try:
        assert await refused(consumer(clean)) == f"durable {DURABLE} is missing on EVENTS: apply the topology"
    finally:
        await post.restore()


@pytest.mark.parametrize("changed", [{"ack_wait": 30}, {"max_deliver": 3}, {"filter_subject": "evt.>"}])
async def test_a_durable_that_differs_from_the_topology_is_named(
    clean: Servers, post: Post, changed: dict[str, Any]
) -> None:
    wanted: dict[str, Any] = {
        "filter_subject": PLACED.filter,
        "ack_wait": PLACED.ack_wait,
        "max_deliver": PLACED.max_deliver,
    } | changed
    await clean.durable("EVENTS", DURABLE, wanted.pop("filter_subject"), **wanted)
    try:
        assert await refused(consumer(clean)) == f"durable {DURABLE} differs from the topology: apply it"
    finally:
        await post.delete()
        await post.restore()


async def test_a_durable_that_forgets_what_nobody_acknowledged_is_refused(clean: Servers, post: Post) -> None:
    await post.delete()
    config = api.ConsumerConfig(
        durable_name=DURABLE, filter_subject=PLACED.filter, ack_wait=10, max_deliver=-1, ack_policy=api.AckPolicy.ALL
    )
    await post.js.add_consumer("EVENTS", config)
    try:
        assert "differs" in await refused(consumer(clean))
    finally:
        await post.delete()
        await post.restore()


async def test_a_durable_it_may_not_see_is_named(clean: Servers) -> None:
    made = make_service(clean, name="notify")
    await made.broker.connect()
    made.broker.config.connection_state.stream._timeout = 0.3
    with pytest.raises(Misconfigured, match=r"durable notify__no_such on EVENTS cannot be seen: "):
        await durables_applied(made.broker, [Durable("EVENTS", "notify__no_such", "evt.>")])
    assert "nats-permissions" in made.health.wrong
    made.broker.closing = True
    await made.broker.stop()


def test_a_durable_of_another_service_cannot_be_declared(servers: Servers) -> None:
    with pytest.raises(ValueError, match=r"is not in shared/contracts/topology\.py for booking"):
        make_service(servers).event(
            stream="EVENTS", durable=DURABLE, model=ThingMade, ack_policy=AckPolicy.NACK_ON_ERROR
        )


async def test_another_ack_policy_is_refused(clean: Servers) -> None:
    made = make_service(clean, name="notify")
    made.event(stream="EVENTS", durable=DURABLE, model=ThingMade, ack_policy=AckPolicy.REJECT_ON_ERROR)(handle)
    assert await refused(made) == "a subscriber of EVENTS does not use NACK_ON_ERROR"


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """A monitor's door that answers with what it is given."""
    doors: list[socket.socket] = []
    children: list[int] = []

    def answering(body: bytes) -> str:
        door = socket.create_server(("127.0.0.1", 0))
        doors.append(door)
        if (child := os.fork()) == 0:
            with door.accept()[0] as caller:
                caller.recv(4096)
                caller.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)
            os._exit(0)
        children.append(child)
        return f"http://127.0.0.1:{door.getsockname()[1]}"

    yield answering
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for door in doors:
        door.close()


async def test_a_server_that_does_not_sync_always_is_refused(clean: Servers, monitor: Callable[[bytes], str]) -> None:
    url = monitor(b'{"jetstream": {"config": {"sync_interval": 120000000000}}}')
    assert await refused(consumer(clean, nats_monitor_url=url)) == "nats-server runs without `sync_interval: always`"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "file:///etc/passwd"])
async def test_a_monitor_that_is_none_is_named(clean: Servers, url: str) -> None:
    assert "LOUNGE_NATS_MONITOR_URL" in await refused(consumer(clean, nats_monitor_url=url))


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=3)])
async def test_a_clock_that_is_off_is_told_by_how_much(clean: Servers, off: timedelta) -> None:
    made = consumer(clean)
    made.clock = Off(off)
    told = (await refused(made)).partition("clock is ")[2].split()[0]
    assert abs(float(told) - abs(off.total_seconds())) < 1


class Off:
    """A clock that is wrong."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off  # noqa: TID251 — a wrong clock is made from the right one


async def test_a_virtual_clock_may_be_off(clean: Servers, tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("2022-12-15T19:00:00-05:00")
    made = consumer(clean, clock=f"virtual:{tmp_path / 'clock'}")
    async with made.running():
        assert made.clock.now() == datetime(2022, 12, 16, tzinfo=UTC)


async def test_a_client_closed_for_good_ends_the_process(things: Servers, tmp_path: Path) -> None:
    with replica(things, tmp_path) as running:
        async with calling(things) as caller:
            await until(lambda: "service.ready" in running.text)
            with pytest.raises(Exception, match=r"timed-out|unavailable"):
                await caller.request(MakeThing(name=CLOSE), principal=ANA, key="k", seconds=0.5)
        await until(lambda: running.ended)
    assert running.status == 0, "it stops as on SIGTERM"
    assert "nats.closed" in running.text


async def test_sigterm_ends_a_start_that_still_waits_for_its_servers(clean: Servers, tmp_path: Path) -> None:
    with replica(clean, tmp_path, nats_url="nats://127.0.0.1:1", connect_seconds=60) as waiting:
        await until(lambda: "nats.error" in waiting.text)
        waiting.child.send_signal(signal.SIGTERM)
        await until(lambda: waiting.ended, seconds=3)
        assert waiting.status == 0


async def test_a_replica_whose_supervisor_is_gone_stops(clean: Servers, tmp_path: Path) -> None:
    with replica(clean, tmp_path, parent_pid=1) as orphan:
        await until(lambda: orphan.ended)
        assert "service.orphaned" in orphan.text
        assert orphan.status == 0


def test_a_fault_without_a_setting_is_told_as_it_is() -> None:
    assert faults(Misconfigured("the moon is wrong")) == ["the moon is wrong"]
    with pytest.raises(ValueError, match="replica") as error:
        KitSettings(nats_url="nats://x", replica=0)
    assert faults(error.value) == ["LOUNGE_REPLICA: Input should be greater than or equal to 1"]


async def test_servers_that_do_not_answer_in_time_or_refuse_are_named(clean: Servers) -> None:
    nowhere = make_service(clean, nats_url="nats://127.0.0.1:1", connect_seconds=0.4)
    stranger = make_service(clean, nats_seed_file=clean.seed_file("stranger"), connect_seconds=0.4)
    assert await refused(nowhere) == "LOUNGE_NATS_URL: no nats-server answers at 127.0.0.1:1"
    assert (await refused(stranger)).startswith("LOUNGE_NATS_SEED_FILE: ")
    mongo = Mongo("mongodb://ana:secret@127.0.0.1:1", "booking", timeout_s=0.2)
    with pytest.raises(Misconfigured, match=r"LOUNGE_MONGO_URL: no primary answers at 127\.0\.0\.1:1$"):
        await mongo_reached(mongo, SystemClock(), 0.3)
    await mongo.close()


def test_every_service_names_the_settings_it_lacks() -> None:
    here = {name: os.environ[name] for name in os.environ if not name.startswith("LOUNGE_")}
    names = ("booking", "members", "events", "notify", "gateway")
    started = [
        subprocess.Popen([sys.executable, "-m", f"services.{name}"], env=here, stderr=subprocess.PIPE, text=True)
        for name in names
    ]
    for name, child in zip(names, started, strict=True):
        _, said = child.communicate(timeout=160)
        assert child.returncode == 2, (name, said)
        assert "lounge: cannot start: LOUNGE_NATS_URL: Field required" in said.splitlines(), (name, said)


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a_mongod_that_could_lose_a_majority_is_refused(driver: Any, servers: Servers, tmp_path: Path) -> None:
    good = Mongo(servers.mongo_url("booking"), "booking", driver)
    await mongo_keeps_writes(good)
    await good.close()
    port = free_port()
    alone = spawn(
        [mongod(), "--dbpath", tmp_path, "--port", str(port), "--bind_ip", "127.0.0.1"], said=tmp_path / "out"
    )
    try:
        standalone = Mongo(f"mongodb://127.0.0.1:{port}/?directConnection=true", "booking", driver)
        await mongo_reached(standalone, SystemClock(), 20)
        with pytest.raises(Misconfigured, match="no member of a replica set"):
            await mongo_keeps_writes(standalone)
        await standalone.close()
    finally:
        stop(alone)

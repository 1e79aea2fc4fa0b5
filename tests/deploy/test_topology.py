"""The one job that applies streams and durables, on the real server."""

import asyncio
from dataclasses import replace

import pytest
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import ServiceUnavailableError

from deploy import topology
from deploy.embedded.children import free_port
from deploy.topology import TopologyRefused
from shared.contracts.topology import DURABLES, STREAMS, Durable, Stream
from tests.support.servers import Servers

PROBE = Stream("PROBE", ("probe.>",), max_age=3_600)
PULLED = Durable("PROBE", "booking__probe", "probe.a.>")


async def test_applying_it_twice_changes_nothing(clean: Servers) -> None:
    ops = await clean.client("ops")
    js = ops.jetstream()
    before = [(await js.stream_info(stream.name)).config for stream in STREAMS]
    await topology.apply(js, sites=clean.sites)
    after = [(await js.stream_info(stream.name)).config for stream in STREAMS]
    durables = [(await js.consumer_info(d.stream, d.name)).config for d in DURABLES]
    await ops.close()
    assert after == before
    assert [config.filter_subject for config in durables] == [durable.filter for durable in DURABLES]


async def test_what_can_change_is_changed_and_keeps_its_messages(clean: Servers) -> None:
    ops = await clean.client("ops")
    js = ops.jetstream()
    await topology.apply_stream(js, replace(PROBE, name="KEPT", subjects=("evt-kept.>", "probe-kept.>")))
    await topology.apply_stream(js, replace(PROBE, name="KEPT", subjects=("evt-kept.>",), max_age=7_200))
    found = (await js.stream_info("KEPT")).config
    await js.delete_stream("KEPT")
    await ops.close()
    assert (found.max_age, found.subjects) == (7_200, ["evt-kept.>"])


async def test_a_stream_with_settings_that_cannot_change_is_refused_and_left(clean: Servers) -> None:
    ops = await clean.client("ops")
    js = ops.jetstream()
    await js.add_stream(name="PROBE", subjects=["probe.>"], storage="memory", max_consumers=5)
    with pytest.raises(TopologyRefused, match="stream PROBE stands with settings that cannot change"):
        await topology.apply_stream(js, PROBE)
    left = (await js.stream_info("PROBE")).config.storage
    await js.delete_stream("PROBE")
    await ops.close()
    assert left == "memory"


async def test_a_durable_that_cannot_change_is_refused(clean: Servers) -> None:
    ops = await clean.client("ops")
    js = ops.jetstream()
    await topology.apply_stream(js, PROBE)
    await js.add_consumer("PROBE", durable_name=PULLED.name, deliver_policy="new", ack_policy="explicit")
    with pytest.raises(TopologyRefused, match="durable booking__probe of PROBE"):
        await topology.apply_durable(js, PULLED)
    await js.delete_stream("PROBE")
    await ops.close()


async def test_a_durable_with_a_limit_loses_it_and_keeps_what_is_in_hand(clean: Servers) -> None:
    """As one does that an older topology made, while replicas pull from it."""
    ops = await clean.client("ops")
    js = ops.jetstream()
    pulled = Durable("EVENTS", PULLED.name, "evt.probe.>")
    await topology.apply_durable(js, replace(pulled, max_deliver=2))
    await js.publish("evt.probe.x", b"1")
    pulling = await js.pull_subscribe_bind(pulled.name, pulled.stream)
    (first,) = await pulling.fetch(1)
    await first.nak()
    (second,) = await pulling.fetch(1)
    await topology.apply_durable(js, pulled)
    await second.nak()
    (third,) = await pulling.fetch(1)
    await third.ack_sync()
    info = await js.consumer_info(pulled.stream, pulled.name)
    await js.delete_consumer(pulled.stream, pulled.name)
    await ops.close()
    assert third.metadata.num_delivered == 3
    assert (info.config.max_deliver, info.num_pending, info.num_ack_pending) == (-1, 0, 0)


async def test_streams_that_would_share_a_subject_are_refused(clean: Servers) -> None:
    ops = await clean.client("ops")
    with pytest.raises(TopologyRefused, match="stream SECOND"):
        await topology.apply_stream(ops.jetstream(), replace(PROBE, name="SECOND", subjects=("evt.booking.>",)))
    await ops.close()


def test_a_cluster_without_a_leader_is_waited_for_and_a_full_disk_is_not() -> None:
    no_leader = ServiceUnavailableError(
        code=503, err_code=10_008, description="JetStream system temporarily unavailable"
    )
    no_room = ServiceUnavailableError(code=503, err_code=10_047, description="insufficient storage resources available")
    assert topology.is_away(no_leader)
    assert topology.is_away(NatsTimeout())
    assert not topology.is_away(no_room)


async def test_a_stream_that_no_disk_has_room_for_is_refused_at_once(clean: Servers) -> None:
    ops = await clean.client("ops")
    with pytest.raises(TopologyRefused, match="stream PROBE: insufficient storage resources"):
        await topology.apply_stream(ops.jetstream(), replace(PROBE, max_bytes=2**50))
    await ops.close()


async def test_servers_that_are_away_are_told_in_seconds_and_the_one_that_is_there_is_found(clean: Servers) -> None:
    """nats-py by itself tries a server that is away for two minutes, whatever it is told."""
    away = f"nats://127.0.0.1:{free_port()},nats://127.0.0.1:{free_port()}"
    with pytest.raises(OSError):  # noqa: PT011 — a TimeoutError is one, and says no more
        await asyncio.wait_for(topology.connect(away, clean.seed_file("ops"), "ops"), 20)
    found = await topology.connect(f"nats://127.0.0.1:{free_port()},{clean.nats_url}", clean.seed_file("ops"), "ops")
    assert found.is_connected
    await found.close()

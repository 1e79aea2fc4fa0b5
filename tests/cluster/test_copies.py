"""Streams and durables get their copies while they are in use."""

import pytest

from deploy import topology
from deploy.topology import TopologyRefused
from shared.contracts.topology import Durable, Stream
from tests.support.cluster import LoungeCluster
from tests.support.servers import Servers
from tests.support.waiting import until

PROBE = Stream("PROBE", ("ingest.probe.>",), max_age=3_600)
PULLED = Durable("PROBE", "booking__probe", "ingest.probe.>")


async def test_one_copy_becomes_three_and_keeps_what_it_held(lounge: LoungeCluster) -> None:
    async with lounge.ops() as ops:
        js = ops.client.jetstream()
        await topology.apply_stream(js, PROBE, 1)
        await topology.apply_durable(js, PULLED, 1)
        for number in range(3):
            await ops.client.request(f"ingest.probe.{number}", b"kept", timeout=5)
        (taken,) = await (await js.pull_subscribe_bind(durable=PULLED.name, stream="PROBE")).fetch(1)
        await taken.ack_sync()
        await topology.apply_stream(js, PROBE, 3)
        await topology.apply_durable(js, PULLED, 3)

        async def copied() -> bool:
            stream, durable = await js.stream_info("PROBE"), await js.consumer_info("PROBE", PULLED.name)
            copies = [info.cluster.replicas or [] if info.cluster else [] for info in (stream, durable)]
            return [[copy.current for copy in each] for each in copies] == [[True, True], [True, True]]

        await until(copied)
        left = [message.data for message in await (await js.pull_subscribe_bind(PULLED.name, "PROBE")).fetch(2)]
        await js.delete_stream("PROBE")
    assert left == [b"kept", b"kept"]


async def test_three_copies_are_refused_where_there_is_one_server(clean: Servers) -> None:
    ops = await clean.client("ops")
    with pytest.raises(TopologyRefused, match="stream PROBE"):
        await topology.apply_stream(ops.jetstream(), PROBE, 3)
    await ops.close()

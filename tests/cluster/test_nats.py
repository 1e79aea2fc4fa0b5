"""Servers of the NATS cluster lose the lead, die, freeze and come back under load; no event is lost or told twice."""

import asyncio
import json
import os
import signal
import urllib.request

from nats.errors import Error as NatsError

from deploy.nats.server import NatsServer
from deploy.topology import is_away
from shared.contracts.ops import status_subject
from tests.cluster.trial import Trials
from tests.support.cluster import LoungeCluster
from tests.support.waiting import until


async def leader(lounge: LoungeCluster) -> NatsServer:
    """The server that leads the stream of events; between two leaders it waits for the next."""
    found: list[str] = []

    async def led() -> bool:
        async with lounge.ops() as ops:
            try:
                cluster = (await ops.client.jetstream().stream_info("EVENTS")).cluster
            except NatsError as error:
                if not is_away(error):
                    raise
                return False  # nobody leads, so nobody answers
        found[:] = [cluster.leader] if cluster and cluster.leader else []
        return bool(found)

    await until(led)
    return lounge.nats.named(found[0])


def door(lounge: LoungeCluster) -> NatsServer:
    """The server the gateway is connected to."""
    for server in lounge.nats.servers:
        with urllib.request.urlopen(f"{server.monitor_url}/connz", timeout=2) as answer:
            if any(each.get("name", "").startswith("gateway") for each in json.load(answer)["connections"]):
                return server
    raise AssertionError("the gateway is connected to no server")


def all_killed(servers: list[NatsServer]) -> None:
    for server in servers:
        server.kill()


def signalled(server: NatsServer, number: int) -> None:
    assert server.child is not None
    os.kill(server.child.pid, number)


async def test_a_stream_whose_leader_steps_down_goes_on(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("nats stream leader steps down") as trial, lounge.ops() as ops:
        before = await leader(lounge)
        trial.struck()
        for stream in ("EVENTS", "STATE"):
            told = await ops.client.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}", b"", timeout=5)
            assert json.loads(told.data).get("success"), told.data
        assert await leader(lounge) is not before


async def test_a_killed_leader_is_replaced_and_catches_up(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("nats leader killed") as trial:
        gone = await leader(lounge)
        await trial.strike(gone.kill)
        await trial.succeeds()
        gone.start()


async def test_clients_of_a_killed_server_go_to_another(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("nats server of the gateway killed") as trial:
        gone = await asyncio.to_thread(door, lounge)
        await trial.strike(gone.kill)
        await trial.succeeds()
        gone.start()


async def test_clients_of_a_frozen_server_go_to_another(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("nats server of the gateway frozen") as trial:
        frozen = await asyncio.to_thread(door, lounge)
        await trial.strike(lambda: signalled(frozen, signal.SIGSTOP))
        try:
            await trial.succeeds()
        finally:
            signalled(frozen, signal.SIGCONT)


async def test_without_a_majority_of_nats_servers_bookings_are_taken_and_told_later(
    lounge: LoungeCluster, trials: Trials
) -> None:
    """Commands need one server, streams two: what was booked meanwhile waits in its document for the relay."""
    async with trials.of("nats quorum lost") as trial:
        *gone, left = lounge.nats.servers
        await trial.strike(lambda: all_killed(gone))
        await trial.succeeds()
        assert not await asyncio.to_thread(left.is_ready), "its /healthz says that JetStream has no leader"

        async def shows() -> bool:
            async with lounge.ops() as ops:
                told = json.loads(await ops.raw(status_subject("booking"), b"{}"))["data"]
            return bool(told["ready"] and told["oldest_unsent_seconds"] > 1)

        await until(shows, seconds=30)
        for server in gone:
            server.start()
        trial.lifted()

"""Every server is restarted, one after the other, under load."""

import asyncio

from tests.cluster.trial import Trials
from tests.support.cluster import LoungeCluster
from tests.support.waiting import until


async def test_all_nats_servers_restart_one_by_one(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("nats rolling restart") as trial:
        trial.struck()
        for server in lounge.nats.servers:
            await asyncio.to_thread(server.stop)
            server.start()
            await until(lambda: asyncio.to_thread(lounge.nats.is_ready))


async def test_all_mongods_restart_one_by_one_the_primary_last(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("mongo rolling restart") as trial:
        primary = await asyncio.to_thread(lounge.mongo.primary)
        others = [member for member in lounge.mongo.members if member is not primary]
        trial.struck()
        for member in (*others, primary):
            if member is primary:
                await asyncio.to_thread(lounge.mongo.step_down)
            await asyncio.to_thread(member.stop)
            member.start()
            await until(lambda: asyncio.to_thread(lounge.mongo.is_whole))

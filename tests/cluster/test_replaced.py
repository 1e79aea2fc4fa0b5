"""A member whose disk is gone comes back empty, under load, and holds everything again."""

import asyncio
import shutil

from tests.cluster.trial import Trials
from tests.support.cluster import LoungeCluster
from tests.support.waiting import until


async def test_a_nats_server_with_an_empty_disk_catches_up(lounge: LoungeCluster, trials: Trials) -> None:
    """The trial asks afterwards that each message is on all three."""
    async with trials.of("nats server replaced by an empty one") as trial:
        server = lounge.nats.servers[0]
        await trial.strike(server.kill)
        await asyncio.to_thread(shutil.rmtree, server.folder / "jetstream")
        await trial.succeeds()
        server.start()
        await until(lambda: asyncio.to_thread(lounge.nats.is_ready), seconds=40)


async def test_a_mongod_with_an_empty_disk_catches_up(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("mongod replaced by an empty one") as trial:
        primary = await asyncio.to_thread(lounge.mongo.primary)
        member = next(each for each in lounge.mongo.members if each is not primary)
        await trial.strike(member.kill)
        await asyncio.to_thread(shutil.rmtree, member.folder / "mongo")
        await trial.succeeds()
        member.start()
        await until(lambda: asyncio.to_thread(lounge.mongo.is_whole), seconds=60)

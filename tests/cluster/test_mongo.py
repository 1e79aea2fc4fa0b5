"""Members of the replica set step down, die, freeze and come back under load; nothing is lost or told twice."""

import asyncio
import os
import signal

import httpx

from deploy.mongo.server import MongoServer
from shared.contracts.topology import SERVICES
from tests.cluster.trial import Trials
from tests.support.cluster import LoungeCluster, told
from tests.support.ledger import PERSON
from tests.support.signs import figures
from tests.support.waiting import until

ALONE_SECONDS = 1.0


def both_killed(one: MongoServer, other: MongoServer) -> None:
    one.kill()
    other.kill()


def signalled(server: MongoServer, number: int) -> None:
    assert server.child is not None
    os.kill(server.child.pid, number)


async def test_a_primary_that_steps_down_costs_nothing_but_a_moment(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("mongo primary steps down") as trial:
        await trial.strike(lounge.mongo.step_down)


async def test_a_killed_primary_is_replaced_and_comes_back_as_a_follower(lounge: LoungeCluster, trials: Trials) -> None:
    async with trials.of("mongo primary killed") as trial:
        primary = await asyncio.to_thread(lounge.mongo.primary)
        await trial.strike(primary.kill)
        await trial.succeeds()
        primary.start()


async def test_a_frozen_primary_is_replaced_and_its_late_writes_count_for_nothing(
    lounge: LoungeCluster, trials: Trials
) -> None:
    async with trials.of("mongo primary frozen") as trial:
        primary = await asyncio.to_thread(lounge.mongo.primary)
        await trial.strike(lambda: signalled(primary, signal.SIGSTOP))
        try:
            await trial.succeeds()
        finally:
            signalled(primary, signal.SIGCONT)


async def test_without_a_majority_of_mongods_all_is_refused_at_once_and_nothing_is_lost(
    lounge: LoungeCluster, trials: Trials
) -> None:
    token = lounge.token(PERSON)
    async with trials.of("mongo quorum lost") as trial:
        primary = await asyncio.to_thread(lounge.mongo.primary)
        other = next(member for member in lounge.mongo.members if member is not primary)
        await trial.strike(lambda: both_killed(primary, other))
        await until(lambda: refused_at_once(lounge.url, token), seconds=15)
        await until(lambda: asyncio.to_thread(mongo_is_missed, lounge), seconds=15)
        assert (await told(lounge, "status"))["status"] == "degraded"
        for member in (primary, other):
            member.start()
        trial.lifted()


async def test_what_only_a_dying_primary_has_is_answered_to_nobody(lounge: LoungeCluster, trials: Trials) -> None:
    """It writes alone for a second and dies; the others elect one of them, and its own writes are undone.

    They are killed, not frozen: what was sent to a frozen one waits in its socket, and counts when it thaws.
    """
    async with trials.of("mongo primary alone, then killed") as trial:
        primary = await asyncio.to_thread(lounge.mongo.primary)
        one, other = (member for member in lounge.mongo.members if member is not primary)
        await trial.strike(lambda: both_killed(one, other))
        await asyncio.sleep(ALONE_SECONDS)  # the fault itself: how long it is cut off
        primary.kill()
        for member in (one, other):
            member.start()
        trial.lifted()
        await trial.succeeds()
        primary.start()


def mongo_is_missed(lounge: LoungeCluster) -> bool:
    """Every replica of a service says so: by its figure, and by its readiness."""
    doors = [f"http://127.0.0.1:{kept.port}" for kept in lounge.kept if kept.name.rpartition("-")[0] in SERVICES]
    ready = [httpx.get(f"{door}/health/ready", timeout=5) for door in doors]
    unready = all(each.status_code == 503 and "mongo" in each.json()["wrong"] for each in ready)
    return unready and all(figures(door, "lounge_mongo_reachable") == [0] for door in doors)


async def refused_at_once(url: str, token: str) -> bool:
    """Whether a booking is answered 503 with Retry-After, within two seconds."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "while-there-is-no-majority"}
    body = {"site": "nyc", "resource": "room-a", "starts_at": "2020-01-06T15:00:00Z", "ends_at": "2020-01-06T15:15:00Z"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=2) as client:
        try:
            answer = await client.post("/v1/bookings", json=body | {"mode": "confirm"})
        except httpx.TimeoutException:
            return False
    return answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0

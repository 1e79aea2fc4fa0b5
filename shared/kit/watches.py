"""What a replica keeps an eye on while it works: MongoDB, and the supervisor that started it."""

import asyncio
import os
import signal

from shared.kernel.time import Clock
from shared.kit.asserts import mongo_answers
from shared.kit.health import Health
from shared.kit.log import get_logger
from shared.kit.metrics import MONGO_REACHABLE
from shared.kit.mongo import Mongo, is_outage
from shared.kit.nats.gate import Gate

log = get_logger()
PROBE_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
_LAST_SECONDS = 10.0


async def probe(mongo: Mongo, clock: Clock, health: Health, gate: Gate) -> None:
    """MongoDB's answer and clock, once a second, for ever; closes the gate in an outage and opens it again."""
    while True:
        try:
            await asyncio.wait_for(mongo_answers(mongo, clock), _PATIENCE_SECONDS)
        except Exception as error:  # noqa: BLE001 — whatever keeps MongoDB from answering
            MONGO_REACHABLE.labels(mongo.database).set(0)
            health.bad("mongo", str(error)[:200] or type(error).__name__)
            if isinstance(error, TimeoutError) or is_outage(error):
                gate.close()
        else:
            MONGO_REACHABLE.labels(mongo.database).set(1)
            health.good("mongo")
            gate.open()
        await asyncio.sleep(PROBE_SECONDS)


async def watch_parent(parent: int | None, stopping: asyncio.Event) -> None:
    """A supervisor that was killed leaves no children: they notice and stop."""
    while parent is not None:
        if os.getppid() != parent:
            log.warning("service.orphaned")
            stopping.set()
            await asyncio.sleep(_LAST_SECONDS)
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.5)

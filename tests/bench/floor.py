"""The floor: the least the same hops can do. HTTP → one NATS request → one journaled insert → reply, nothing else.

`python -m tests.bench.floor service|gateway`, configured by the same LOUNGE_* variables as the real processes.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from faststream.nats import NatsBroker
from faststream.nats.security import NatsNKey

from shared.kernel.ids import new_id
from shared.kit.clock import SystemClock
from shared.kit.mongo import Mongo
from shared.kit.settings import KitSettings

SUBJECT = "cmd.booking.floor.v1"
COLLECTION = "bench_floor"


def _broker(settings: KitSettings) -> NatsBroker:
    assert settings.nats_seed_file is not None
    security = NatsNKey.from_seed(settings.nats_seed_file.read_text(encoding="utf-8").strip())
    return NatsBroker(settings.nats_url, security=security, inbox_prefix=settings.nats_inbox_prefix, logger=None)


async def service(settings: KitSettings) -> None:
    """The bare handler: one insert, majority and journal."""
    broker, clock = _broker(settings), SystemClock()
    mongo = Mongo(settings.mongo_url.get_secret_value(), settings.mongo_database, settings.mongo_driver)
    collection = mongo.collection(COLLECTION)

    @broker.subscriber(SUBJECT, queue="booking", max_workers=128)
    async def place(body: dict[str, Any]) -> dict[str, Any]:
        doc = {"_id": new_id(clock.now()), "site": body["site"], "resource": body["resource"], "at": body["starts_at"]}
        await collection.insert_one(doc)
        return {"id": doc["_id"], "site": doc["site"]}

    async with broker:
        await broker.start()
        await uvicorn.Server(_config(FastAPI(), settings)).serve()


def gateway(settings: KitSettings) -> FastAPI:
    """The bare route."""
    broker = _broker(settings)

    @asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        async with broker:
            yield

    app = FastAPI(lifespan=connected)

    @app.post("/v1/bookings", status_code=201)
    async def place(body: dict[str, Any]) -> Any:
        reply = await broker.request(body, SUBJECT, timeout=8)
        return await reply.decode()

    return app


def _config(app: Any, settings: KitSettings) -> uvicorn.Config:
    return uvicorn.Config(app, port=settings.http_port, log_config=None, access_log=False, loop="uvloop")


def main() -> None:
    settings = KitSettings()
    if sys.argv[1] == "service":
        uvloop.run(service(settings))
    else:
        uvicorn.Server(_config(gateway(settings), settings)).run()


if __name__ == "__main__":
    main()

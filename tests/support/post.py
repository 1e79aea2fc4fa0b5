"""The hand of the operator in a test: puts messages on streams, reads dead letters, looks at durables."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from deploy import topology
from shared.contracts.topology import DURABLES
from tests.support.servers import Servers

PLACED = "evt.booking.booking_placed.v1"
DURABLE = "notify__booking_placed"


def said(name: str, **more: Any) -> bytes:
    """A CloudEvent about a thing of this name."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"id-{name}",
            "source": "/services/booking",
            "type": "org.link-j.booking.thing_made.v1",
            "time": "2026-12-15T10:00:00.000Z",
            "correlationid": f"corr-{name}",
            "data": {"name": name},
        }
        | more
    )


def is_for(pattern: str, subject: str) -> bool:
    """Whether NATS gives what is said on a subject to who listens to the pattern."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">" and len(given) >= len(wanted):
        wanted, given = wanted[:-1], given[: len(wanted) - 1]
    return len(wanted) == len(given) and all(w in ("*", g) for w, g in zip(wanted, given, strict=True))


class Post:
    """Over ops' own connection."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.js: JetStreamContext = client.jetstream()

    async def put(self, name: str, *, raw: bytes | None = None, headers: Mapping[str, str] | None = None) -> None:
        """On `EVENTS`, where notify's durable for placed bookings finds it."""
        await self.js.publish(f"{PLACED}.{name}", said(name) if raw is None else raw, headers=dict(headers or {}))

    async def all(self, stream: str) -> list[api.RawStreamMsg]:
        info = await self.js.stream_info(stream)
        found = []
        for seq in range(info.state.first_seq, info.state.last_seq + 1):
            try:
                found.append(await self.js.get_msg(stream, seq))
            except NotFoundError:  # a state replaced by a newer one leaves a gap
                continue
        return found

    async def parked(self) -> list[api.RawStreamMsg]:
        return await self.all("DLQ")

    async def left(self, durable: str = DURABLE, stream: str = "EVENTS") -> tuple[int, int]:
        """(not yet delivered, delivered and not yet acknowledged)."""
        info = await self.js.consumer_info(stream, durable)
        return info.num_pending or 0, info.num_ack_pending or 0

    async def leaves(self, undelivered: int, unacknowledged: int) -> bool:
        """Whether `left` is this by now; the server counts a moment after it stored."""
        return await self.left() == (undelivered, unacknowledged)

    async def idle(self) -> bool:
        return await self.left() == (0, 0)

    async def delete(self, durable: str = DURABLE) -> None:
        await self.js.delete_consumer(_declared(durable).stream, durable)

    async def restore(self, durable: str = DURABLE) -> None:
        """As the topology job makes it."""
        await topology.apply_durable(self.js, _declared(durable))


def _declared(name: str) -> Any:
    return next(d for d in DURABLES if d.name == name)


@asynccontextmanager
async def post_of(servers: Servers) -> AsyncIterator[Post]:
    client = await servers.client("ops")
    try:
        yield Post(client)
    finally:
        await client.close()

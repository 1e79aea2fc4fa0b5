"""Asking the services with the installation's own key, as the command line and the demonstration do."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from deploy import topology
from deploy.trouble import NotDone
from deploy.waiting import until
from shared.contracts.message import Asked, Command, Principal, Query
from shared.contracts.ops import status_subject
from shared.contracts.topology import DURABLES, SERVICES, Durable, ingest_durable
from shared.kernel.ids import new_id
from shared.kernel.time import Clock

OPS = Principal(kind="system", id="ops", roles=frozenset({"operator"}))


class Ops:
    """One connection with the key `ops`."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.client = client
        self.clock = clock

    async def ask(self, asked: Command | Query, *, key: str | None = None, seconds: float = 8.0) -> Any:
        """The answer's data. Raises NotDone. A command without a key gets a fresh one: asked twice, done twice."""
        now = self.clock.now()
        envelope = Asked[Any](
            principal=OPS,
            data=asked,
            correlationid=new_id(now),
            deadline=now + timedelta(seconds=seconds),
            key=key or new_id(now),
        )
        payload = envelope.model_dump_json(by_alias=True).encode()
        answer = orjson.loads(await self.raw(asked.wire, payload, seconds=seconds))
        if problem := answer.get("problem"):
            said = problem["message"]
            raise NotDone(f"{said.get('en') or said.get('ja')} ({problem['code']})", code=problem["code"])
        return answer["data"]

    async def raw(self, subject: str, payload: bytes, *, seconds: float = 8.0) -> bytes:
        """The bytes of one reply. Raises NotDone if nobody listens or nobody answers in time."""
        service = subject.split(".")[1]
        try:
            return bytes((await self.client.request(subject, payload, timeout=seconds)).data)
        except NoRespondersError:
            raise NotDone(f"The service {service} does not run.", code="unavailable") from None
        except NatsTimeout:
            raise NotDone(f"The service {service} did not answer within {seconds:g} s.", code="timed-out") from None

    async def settled(self, *, sites: Sequence[str] = (), seconds: float = 30.0) -> None:
        """Returns when no service has anything unsent and no durable anything left. Raises NotDone."""
        durables = (*DURABLES, *map(ingest_durable, sites))

        async def all_done() -> bool:
            # Twice: a stream that took a message counts it for its durables a moment later.
            return await self._all_sent() and await self._all_taken(durables) and await self._all_taken(durables)

        try:
            await until(all_done, seconds=seconds)
        except TimeoutError:
            raise NotDone(f"After {seconds:g} s something is still on its way.", code="not-settled") from None

    async def _all_sent(self) -> bool:
        told = [orjson.loads(await self.raw(status_subject(service), b"{}")) for service in SERVICES]
        return all(_has_sent_all(each.get("data")) for each in told)

    async def _all_taken(self, durables: Sequence[Durable]) -> bool:
        js = self.client.jetstream()
        try:
            infos = [await js.consumer_info(each.stream, each.name) for each in durables]
        except NatsError as error:
            if topology.is_away(error):
                return False  # a stream without a leader cannot tell yet
            raise
        return not any(info.num_pending or info.num_ack_pending for info in infos)


def _has_sent_all(status: dict[str, Any] | None) -> bool:
    """A service that cannot tell (MongoDB is away, or just coming back) is not settled yet."""
    return status is not None and "mongo" not in status["health"]["wrong"] and not any(status["unsent"].values())


@asynccontextmanager
async def connected(url: str, seed: Path, clock: Clock) -> AsyncIterator[Ops]:
    """Closed again at the end. Raises NotDone if the server is not there."""
    try:
        client = await topology.connect(url, seed, "ops")
    except Exception as error:
        raise NotDone(f"NATS at {url} cannot be reached: {error}", code="unreachable") from error
    try:
        yield Ops(client, clock)
    finally:
        await client.close()

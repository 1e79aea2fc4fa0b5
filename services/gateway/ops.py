"""What ops people see over HTTP: health, metrics, and one status over every replica of every service."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from nats.errors import Error as NatsError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.doors import Door, Paper
from services.gateway.forward import Gate
from services.gateway.policy import ANYONE, OPERATOR
from services.gateway.reading import no_parameters
from shared.contracts.message import View
from shared.contracts.ops import ReplicaStatus, status_subject
from shared.contracts.topology import SERVICES
from shared.kernel.refusal import Refusal
from shared.kit.health import Health
from shared.kit.log import get_logger
from shared.kit.nats.request import Caller

log = get_logger()
_REPLY_SECONDS = 1.0
_WATCH_SECONDS = 3.0
_UNREADY_WATCH_SECONDS = 0.2
_DEAD_LETTERS = "$JS.API.STREAM.INFO.DLQ"


class DeadLetters(View):
    """How many messages stand in the dead letter stream, over all and per durable."""

    total: int
    durables: dict[str, int]


class ServiceStatus(View):
    """The replicas that answered; `ready` where at least one is."""

    service: str
    ready: bool
    replicas: tuple[ReplicaStatus, ...]


class OpsStatus(View):
    """The whole system as it is now. `lag` is messages not yet handled per durable; null is not known."""

    status: str
    services: tuple[ServiceStatus, ...]
    lag: dict[str, int]
    oldest_unsent_seconds: float
    dead_letters: DeadLetters | None


class Watch:
    """Asks every replica how it is, keeps the gateway's own health by it, and tells ops people."""

    def __init__(self, caller: Caller, health: Health, gate: Gate) -> None:
        self._caller = caller
        self._health = health
        self._gate = gate
        self._seen: set[str] = set()

    def doors(self) -> tuple[Door, ...]:
        """The doors of ops. Health is asked by machines that must always hear it: it alone is never counted."""
        return (
            _plain("/health/live", self.live, "Whether the gateway runs"),
            _plain("/health/ready", self.ready, "Whether the gateway should be sent requests"),
            _plain("/metrics", self._gate.counting(self.metrics), "Figures in Prometheus' text format"),
            Door(
                method="GET",
                path="/v1/ops/status",
                policy=OPERATOR.within("ops:read"),
                answer=self.status,
                paper=Paper(summary="Services, replicas, lag, unsent events, dead letters", tag="ops", reply=OpsStatus),
            ),
        )

    async def live(self, _: Request) -> Response:
        """200 as long as the process answers."""
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def ready(self, _: Request) -> Response:
        """200 or 503, with what is wrong and what is degraded."""
        body = orjson.dumps(self._health.report())
        return Response(body, 200 if self._health.ready else 503, media_type="application/json")

    async def metrics(self, _: Request) -> Response:
        """Figures of this process."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def status(self, request: Request) -> Response:
        """GET /v1/ops/status."""
        await self._gate.pass_in(request, OPERATOR.within("ops:read"))
        no_parameters(request)
        replicas, dead = await asyncio.gather(self._everyone(quiet=0.4), self._dead_letters())
        body = overall(replicas, dead).model_dump_json().encode()
        return Response(body, media_type="application/json")

    def expect_all(self) -> None:
        """Not ready until each service has been."""
        for service in SERVICES:
            self._health.bad(service, "has not been ready yet")

    async def run(self) -> None:
        """Ready once every service has been; later loss of one degrades, no more."""
        while True:
            replicas = await self._everyone()
            ready = {each.service for each in replicas if each.ready}
            self._seen |= ready
            for service in SERVICES:
                if service in ready:
                    self._health.good(service)
                elif service in self._seen:
                    self._health.degrade(service, "no replica is ready")
                else:
                    self._health.bad(service, "has not been ready yet")
            await asyncio.sleep(_WATCH_SECONDS if self._seen == set(SERVICES) else _UNREADY_WATCH_SECONDS)

    async def _everyone(self, *, quiet: float = 0.15) -> list[ReplicaStatus]:
        answers = await asyncio.gather(*(self._replicas_of(service, quiet) for service in SERVICES))
        return [each for found in answers for each in found]

    async def _replicas_of(self, service: str, quiet: float) -> list[ReplicaStatus]:
        try:
            replies = await self._caller.everyone(status_subject(service), b"{}", quiet=quiet)
            found = [ReplicaStatus.model_validate(orjson.loads(reply)["data"]) for reply in replies]
        except (Refusal, NatsError, ValueError, KeyError) as error:
            log.warning("ops.no_status", asked=service, error=type(error).__name__)
            return []
        return sorted(found, key=lambda each: each.replica)

    async def _dead_letters(self) -> DeadLetters | None:
        try:
            reply = await self._caller.raw(_DEAD_LETTERS, b'{"subjects_filter":"dlq.>"}', seconds=_REPLY_SECONDS)
        except Refusal:
            return None
        state = orjson.loads(reply).get("state", {})
        durables: dict[str, int] = {}
        for subject, count in (state.get("subjects") or {}).items():
            durable = subject.split(".")[1]
            durables[durable] = durables.get(durable, 0) + count
        return DeadLetters(total=state.get("messages", 0), durables=durables)


def overall(replicas: list[ReplicaStatus], dead: DeadLetters | None) -> OpsStatus:
    """All of it in one."""
    services = []
    for name in SERVICES:
        own = tuple(each for each in replicas if each.service == name)
        services.append(ServiceStatus(service=name, ready=any(each.ready for each in own), replicas=own))
    lag: dict[str, int] = {}
    for each in replicas:
        for durable, count in each.lag.items():
            lag[durable] = max(lag.get(durable, 0), count)
    fine = all(each.ready for each in replicas) and all(service.ready for service in services)
    return OpsStatus(
        status="ok" if fine else "degraded",
        services=tuple(services),
        lag=lag,
        oldest_unsent_seconds=max((each.oldest_unsent_seconds for each in replicas), default=0.0),
        dead_letters=dead,
    )


def _plain(path: str, answer: Callable[[Request], Any], summary: str) -> Door:
    return Door(method="GET", path=path, policy=ANYONE, answer=answer, paper=Paper(summary=summary, tag="ops"))

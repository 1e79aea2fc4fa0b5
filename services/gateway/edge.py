"""Every request's way in and out: from its path to one door, and back as an answer or a problem document."""

import re
import secrets
import time
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.doors import Answering, Door
from services.gateway.origins import Origins, Preflight
from services.gateway.problems import header, problem
from services.gateway.protocol import LONGEST_TARGET
from services.gateway.proxies import Proxies
from services.gateway.refusals import (
    InternalError,
    MethodNotAllowed,
    NoSuchPath,
    OriginNotAllowed,
    OverCapacity,
    UriTooLong,
)
from shared.kernel.refusal import Refusal
from shared.kit import telemetry
from shared.kit.log import get_logger

log = get_logger()
REQUESTS = Counter("lounge_http_requests", "HTTP requests answered", ("door", "status"))
SECONDS = Histogram(
    "lounge_http_seconds",
    "From request to answer",
    ("door",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 8),
)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_NOWHERE = "none"
_PREFLIGHT = "preflight"
_NONE = Proxies(())
_GONE = 499
"""Counted for a client that did not wait."""


class _Step:
    """One segment of the paths: where each next segment leads, and the doors that stand here."""

    __slots__ = ("any", "doors", "named")

    def __init__(self) -> None:
        self.named: dict[str, _Step] = {}
        self.any: _Step | None = None
        self.doors: dict[str, Door] = {}


class Plan:
    """Finds doors by path; a segment named outright wins over a parameter."""

    def __init__(self, doors: Iterable[Door]) -> None:
        self._root = _Step()
        for door in doors:
            step = self._root
            for segment in door.path.split("/")[1:]:
                step = self._next(step, segment)
            if door.method in step.doors:
                raise ValueError(f"two doors for {door.method} {door.path}")
            step.doors[door.method] = door

    @staticmethod
    def _next(step: _Step, segment: str) -> _Step:
        if segment.startswith("{"):
            step.any = step.any or _Step()
            return step.any
        return step.named.setdefault(segment, _Step())

    def find(self, path: str) -> tuple[dict[str, Door], list[str]]:
        """The doors at `path` by method, none where there is nothing, and the values of its parameters."""
        step, values = self._root, []
        for segment in path.split("/")[1:]:
            following = step.named.get(segment)
            if following is None:
                following = step.any
                if following is None or not segment:
                    return {}, []
                values.append(segment)
            step = following
        return step.doors, values


class Edge:
    """ASGI. Nothing leaves here but answers and problem documents."""

    def __init__(
        self, plan: Plan, *, concurrency: int, origins: frozenset[str] = frozenset(), proxies: Proxies = _NONE
    ) -> None:
        self._plan = plan
        self._origins = Origins(origins)
        self._proxies = proxies
        self._concurrency = concurrency
        self._at_work = 0
        self._counted: dict[tuple[str, int], Any] = {}
        self._timed: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        began = time.perf_counter()
        sent = header(scope, b"x-request-id")
        request_id = sent.decode("ascii") if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(13)
        scope.setdefault("state", {})["request_id"] = request_id
        scope["state"]["client"] = self._proxies.client(scope)
        parent = header(scope, b"traceparent").decode("latin-1") if telemetry.is_on() else ""
        with telemetry.entry(parent) as span:
            door, response = await self._answered(scope, receive, send)
            status = response.status_code if response is not None else _GONE
            if span is not None:
                span.named(door, status=status, request_id=request_id)
            try:
                if response is not None:
                    told = (b"x-request-id", request_id.encode("ascii"))
                    response.raw_headers += [told, *self._origins.headers(scope)]
                    await response(scope, receive, send)
            finally:
                self._tell(door, status, began, request_id)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> tuple[str, Response | None]:
        """The door's name and its answer; None where the client is gone."""
        name = _NOWHERE
        self._at_work += 1
        try:
            door, answer = self._found(scope)
            name = door
            if self._at_work > self._concurrency:
                raise OverCapacity
            return name, await answer(Request(scope, receive, send))
        except Refusal as refusal:
            return name, problem(refusal, scope)
        except ClientDisconnect:
            return name, None
        except Exception as error:
            correlationid = scope["state"]["request_id"]
            log.exception("http.failed", door=name, error=type(error).__name__, correlationid=correlationid)
            return name, problem(InternalError(), scope)
        finally:
            self._at_work -= 1

    def _found(self, scope: Scope) -> tuple[str, Answering]:
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > LONGEST_TARGET:
            raise UriTooLong
        if not self._origins.may_ask(scope):
            raise OriginNotAllowed
        doors, values = self._plan.find(scope["path"])
        method = scope["method"]
        if doors and self._origins.asks_first(scope):
            return _PREFLIGHT, Preflight(doors).answer
        door = doors.get("GET" if method == "HEAD" else method)
        if door is None:
            raise MethodNotAllowed(allow=sorted(doors)) if doors else NoSuchPath()
        scope["path_params"] = dict(zip(door.parameters, values, strict=True))
        return f"{door.method} {door.path}", door.answer

    def _tell(self, door: str, status: int, began: float, request_id: str) -> None:
        took = time.perf_counter() - began
        counted = self._counted.get((door, status))
        if counted is None:
            counted = self._counted[door, status] = REQUESTS.labels(door, str(status))
        timed = self._timed.get(door)
        if timed is None:
            timed = self._timed[door] = SECONDS.labels(door)
        counted.inc()
        timed.observe(took)
        log.info("http.answered", door=door, status=status, ms=round(took * 1000, 2), correlationid=request_id)


class Gateway(FastAPI):
    """FastAPI for what it describes and for its lifespan; requests go to the edge."""

    edge: Edge
    house: Any
    """What it is made of."""

    def openapi(self) -> dict[str, Any]:
        """FastAPI's document, with the two ways to say who asks."""
        document = super().openapi()
        document.setdefault("components", {})["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or an API key (lk_…)"},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        return document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. There are no web sockets here."""
        if scope["type"] == "http":
            await self.edge(scope, receive, send)
        elif scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

"""Each replica's own small door: /health/live, /health/ready, /metrics; plain ASGI on uvicorn."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.kit.asserts import Misconfigured
from shared.kit.health import Health
from shared.kit.settings import KitSettings

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def health_app(health: Health) -> Any:
    """ASGI: 200 or 503 with the report; anything else is 404."""

    async def app(scope: Scope, _: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/health/live":
                status, kind, body = 200, "application/json", b'{"status":"alive"}'
            case "/health/ready":
                status, kind, body = 200 if health.ready else 503, "application/json", orjson.dumps(health.report())
            case "/metrics":
                status, kind, body = 200, CONTENT_TYPE_LATEST, generate_latest()
            case _:
                status, kind, body = 404, "application/json", b"{}"
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


class Quiet(uvicorn.Server):
    """uvicorn inside a process that handles its own signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def opened(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise Misconfigured(f"LOUNGE_HTTP_PORT: {host}:{port} cannot be opened: {error.strerror}") from None


@asynccontextmanager
async def serve_health(health: Health, settings: KitSettings) -> AsyncIterator[None]:
    """The door open while the context lasts; port 0 leaves it shut. Raises Misconfigured where it cannot be opened."""
    if settings.http_port == 0:
        yield
        return
    door = opened(settings.http_host, settings.http_port)
    server = Quiet(uvicorn.Config(health_app(health), log_config=None, access_log=False))
    task = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield
    finally:
        server.should_exit = True
        await task

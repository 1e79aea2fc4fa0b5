"""A cheap HTTP/1.1 client for load: keep-alive connections, one request in flight on each, no parsing it can avoid.

`python -m tests.bench.load < job.json > result.json`: the load is a process of its own, the same for both sides.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvloop


@dataclass(slots=True)
class Request:
    """One request as bytes on the wire."""

    raw: bytes

    @classmethod
    def of(cls, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> "Request":
        head = f"{method} {path} HTTP/1.1\r\nHost: bench.example\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        return cls(head.encode() + b"\r\n" + body)


class Connection(asyncio.Protocol):
    """Sends one request, resolves with (status, body)."""

    def __init__(self) -> None:
        self.transport: Any = None  # uvloop's is no subclass of asyncio's
        self._buffer = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        start = lower.index(b"content-length:") + 15
        length = int(lower[start:].split(b"\r\n", 1)[0])
        if len(rest) >= length and self._waiting is not None:
            self._buffer = b""
            self._waiting.set_result((int(head[9:12]), rest[:length]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("closed"))

    async def ask(self, request: Request) -> tuple[int, bytes]:
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request.raw)
        return await self._waiting


@dataclass(slots=True)
class Result:
    """What a load saw: statuses by count, seconds in all and per request, the bodies if wanted."""

    seconds: float
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


async def run(port: int, requests: list[Request], *, connections: int, keep: bool = False) -> Result:
    """All `requests`, over so many connections to 127.0.0.1, each taking the next when it is done."""
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(connections)]
    todo, result = iter(requests), Result(0.0)

    async def work(connection: Connection) -> None:
        for request in todo:
            began = time.perf_counter()
            status, body = await connection.ask(request)
            result.latencies.append(time.perf_counter() - began)
            result.statuses[status] = result.statuses.get(status, 0) + 1
            if keep or (status >= 400 and len(result.bodies) < 3):
                result.bodies.append(body)

    began = time.perf_counter()
    await asyncio.gather(*(work(connection) for connection in opened))
    result.seconds = time.perf_counter() - began
    for connection in opened:
        connection.transport.close()
    return result


async def _job() -> None:
    job = orjson.loads(sys.stdin.buffer.read())
    requests = [Request.of(r["method"], r["path"], r["headers"], _body(r["body"])) for r in job["requests"]]
    result = await run(job["port"], requests, connections=job["connections"], keep=job.get("keep", False))
    told = {
        "seconds": result.seconds,
        "statuses": {str(k): v for k, v in result.statuses.items()},
        "latencies": result.latencies,
        "bodies": [b.decode() for b in result.bodies],
    }
    sys.stdout.buffer.write(orjson.dumps(told))


def _body(told: Any) -> bytes:
    """As clients send it: a question has none."""
    return b"" if told is None else orjson.dumps(told)


if __name__ == "__main__":
    uvloop.run(_job())

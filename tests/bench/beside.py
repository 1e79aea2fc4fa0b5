"""The floor beside a running system, on the same nats-server and mongod."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from deploy.embedded.children import free_port, spawn, stop, wait_until
from tests.support.system import System


@contextmanager
def floor(beside: System) -> Iterator[int]:
    """The floor's two processes on the same nats-server and mongod; its gateway's port."""
    port, children = free_port(), []
    for part, process, http_port in (("service", "booking-1", free_port()), ("gateway", "gateway-1", port)):
        own = beside.environment(process) | {"LOUNGE_HTTP_PORT": str(http_port)}
        own.pop("LOUNGE_PARENT_PID", None)
        argv = [sys.executable, "-m", "tests.bench.floor", part]
        children.append(spawn(argv, said=beside.folder.with_suffix(f".{part}"), env={**os.environ, **own}))
    try:
        wait_until(lambda: _answers(port), seconds=20, what="the floor to answer")
        yield port
    finally:
        for child in children:
            stop(child)


def _answers(port: int) -> bool:
    body = {"site": "nyc", "resource": "warm", "starts_at": "2026-12-15T19:00:00Z"}
    try:
        return httpx.post(f"http://127.0.0.1:{port}/v1/bookings", json=body, timeout=2).status_code == 201
    except httpx.HTTPError:
        return False

"""A real gateway process before real sockets, the real nats-server behind it, and stand-ins for the services."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.embedded.children import free_port
from tests.gateway.fakes import FakeServices, token
from tests.support.eventually import eventually
from tests.support.leaks import assert_nobody_in
from tests.support.servers import Servers

ROOT = Path(__file__).parents[2]
_numbers = count(1)


class Door:
    """The running gateway."""

    def __init__(self, servers: Servers, **settings: object) -> None:
        self.port = free_port()
        more = {"http_port": self.port, "rate_principal_burst": 100_000, "rate_anonymous_burst": 100_000} | settings
        environment = {**os.environ, **servers.settings_env("gateway", **more)}
        argv = [sys.executable, "-m", "services.gateway"]
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process it is for
        self._child = subprocess.Popen(argv, cwd=ROOT, env=environment, stderr=self._log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=15)

    def is_ready(self) -> bool:
        if self._child.poll() is not None:
            raise RuntimeError(self.log())
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def log(self) -> str:
        """What it wrote so far, a JSON object a line."""
        self._log.seek(0)
        return self._log.read()

    def terminate(self) -> None:
        """SIGTERM."""
        self._child.terminate()

    def gone(self) -> int:
        """Its exit status, once it has ended."""
        return self._child.wait(60)

    def stop(self) -> None:
        """Nobody's name or address may stand in what it logged."""
        self.client.close()
        self.terminate()
        self.gone()
        assert_nobody_in({"gateway": self.log().encode()})


@pytest.fixture(scope="package")
def services(servers: Servers) -> Iterator[FakeServices]:
    fakes = FakeServices(servers)
    fakes.start()
    yield fakes
    fakes.stop()


@pytest.fixture(scope="package")
def running(servers: Servers, services: FakeServices) -> Iterator[Door]:
    door = Door(servers)
    try:
        eventually(door.is_ready, what="the gateway to be ready")
        yield door
    finally:
        door.stop()
        assert '"http.failed"' not in door.log()


@pytest.fixture
def door(running: Door, services: FakeServices) -> Iterator[Door]:
    """The gateway, before stand-ins that forgot the last test; each request they got was one of their contract."""
    services.answers.clear()
    services.heard.clear()
    services.unreadable.clear()
    yield running
    assert services.unreadable == []


@pytest.fixture
def another_door(servers: Servers, services: FakeServices) -> Iterator[Callable[..., Door]]:
    """Makes a gateway with settings of its own."""
    made: list[Door] = []

    def make(**settings: object) -> Door:
        made.append(Door(servers, **settings))
        eventually(made[-1].is_ready, what="the other gateway to be ready")
        return made[-1]

    yield make
    for each in made:
        each.stop()


def bearer(**claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**claims)}"}


def key() -> dict[str, str]:
    return {"Idempotency-Key": f"key-{next(_numbers)}"}

"""Fixtures of every room: the real servers, started once per worker and only when a test wants them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import Servers

ROOT = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before the workers learn of the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file is run by one worker, in order; the journeys, which share a whole system, by one together."""
    for item in items:
        room = item.path.relative_to(ROOT)
        item.add_marker(pytest.mark.xdist_group(room.parts[0] if room.parts[0] == "journeys" else str(room)))


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """One nats-server and one mongod with the topology applied, shared by the worker."""
    running = Servers(tmp_path_factory.mktemp("servers"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def clean(servers: Servers) -> Servers:
    """The same servers with every database and stream empty."""
    servers.clean()
    return servers

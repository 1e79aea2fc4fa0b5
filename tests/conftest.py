"""Fixtures of every room: the real servers, started once for the whole run and only when a test wants them."""

from collections.abc import Iterator

import pytest

from tests.support.servers import Servers


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """One nats-server and one mongod with the topology applied, shared by the run."""
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

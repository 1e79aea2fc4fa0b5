"""Fixtures of every room: the real servers, started once per worker and only when a test wants them."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.leaks import leaks
from tests.support.servers import Servers

ROOT = Path(__file__).parent
SHARED = (
    ("/journeys/", "journeys"),
    ("/operations/test_keys", "operations"),
    ("/operations/test_runbooks", "operations"),
)
"""Files that share a whole system, and the name of their share."""


class Rooms(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """A file is run by one worker, in order; those that share a whole system, by one together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return next((name for part, name in SHARED if part in file), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Rooms:
    """Not `--dist loadgroup`: with pytest 9.2 its groups no longer reach the scheduler."""
    return Rooms(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test fails where a replica in this process logged anything of a person while it ran."""
    report = yield
    lines = [line for line in report.capstderr.splitlines() if line.startswith('{"')]
    if report.passed and (leaked := leaks("\n".join(lines).encode())):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: the log tells of people: {sorted(leaked)}"
    return report


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

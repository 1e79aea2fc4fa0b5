"""One cluster for all faults, each of which leaves it whole; what they cost is written at the end."""

from collections.abc import Iterator

import pytest

from tests.cluster.trial import Trials
from tests.support.cluster import LoungeCluster


@pytest.fixture(scope="session")
def lounge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoungeCluster]:
    running = LoungeCluster(tmp_path_factory.mktemp("cluster") / "data")
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def trials(lounge: LoungeCluster) -> Iterator[Trials]:
    made = Trials(lounge)
    yield made
    made.write()

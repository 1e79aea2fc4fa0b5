"""One installation in containers for all of these tests, on an engine that is found or started."""

import re
from collections.abc import Iterator

import pytest

from tests.support import engine
from tests.support.installation import Installation, installation
from tests.support.ledger import PERSON, Ledger, Slots

TAG = "test"


@pytest.fixture(scope="session")
def images() -> Iterator[None]:
    """Ours, built from this checkout; fails in one sentence where no engine can be had."""
    try:
        with engine.engine():
            engine.images(TAG)
            yield
    except engine.NoEngine as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def lounge(images: None) -> Iterator[Installation]:
    with installation(TAG) as running:
        yield running


@pytest.fixture(scope="session")
def slots() -> Slots:
    return Slots()


@pytest.fixture
def ledger(lounge: Installation, slots: Slots, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A ledger of this test's name; whatever the test did, the installation is whole again for the next one."""
    yield _ledger_of(lounge, slots, request.node.name)
    lounge.ready()


def _ledger_of(lounge: Installation, slots: Slots, name: str) -> Ledger:
    plain = re.sub(r"\W+", "-", name.removeprefix("test_")).strip("-")
    return Ledger(plain, lambda: lounge.url, lounge.lounge("token", PERSON), slots)

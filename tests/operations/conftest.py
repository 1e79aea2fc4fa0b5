"""One running system for all runbooks, every service twice; its books agree, whatever was done to it.

JetStream has a small disk of its own where we may mount one, so that it can be full.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.folder import LAYOUT
from tests.support.ledger import PERSON, Ledger, Slots
from tests.support.system import System

TWICE = ("booking", "members", "events", "notify")
DISK = "48m"
Told = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """JetStream's own disk, or None where only root may mount one."""
    folder = tmp_path_factory.mktemp("operations") / "data"
    store = folder / "jetstream"
    store.mkdir(parents=True)
    (folder / "version").write_text(LAYOUT + "\n")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(store)]
    mounted = (
        sys.platform == "linux"
        and os.geteuid() == 0
        and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    )
    yield store if mounted else None
    if mounted:
        subprocess.run(["umount", str(store)], check=True)


@pytest.fixture(scope="session")
def house(disk: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = disk.parent if disk else tmp_path_factory.mktemp("house") / "data"
    running = System(folder, *(word for service in TWICE for word in ("--scale", f"{service}=2")))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def slots() -> Slots:
    return Slots()


@pytest.fixture
def ledger(house: System, slots: Slots, request: pytest.FixtureRequest) -> Ledger:
    """A load of this test's name."""
    plain = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    return Ledger(plain, lambda: house.url, house.token(PERSON), slots)


@pytest.fixture
def told(house: System) -> Told:
    """What a `lounge` command prints on the system with --json, asked beside the load."""

    async def ask(*words: str) -> Any:
        return json.loads(await asyncio.to_thread(house.lounge, *words, "--json"))

    return ask

"""docker-compose.yml as a person uses it: up, a booking, the operator's commands, down. And what the images say."""

import itertools
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from deploy.embedded.children import free_port
from tests.containers.conftest import TAG
from tests.journeys.conftest import key, wish
from tests.support.engine import ROOT, SERVICES, NoEngine, compose
from tests.support.eventually import eventually
from tests.support.leaks import assert_nobody_in
from tests.support.ledger import PERSON, open_days
from tests.support.programs import go_without

_HEALTHY_SECONDS = 60.0


class Project:
    """One run of the file under a name and a port of its own, on images that were built already."""

    def __init__(self) -> None:
        self.name = f"lounge{secrets.token_hex(3)}"
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._environment = {**os.environ, "LOUNGE_VERSION": TAG, "LOUNGE_PORT": str(port)}
        self._words = [*compose(), "--project-name", self.name]

    def say(self, *words: str) -> str:
        """What it prints; raises with what it complained of."""
        argv = [*self._words, *words]
        done = subprocess.run(
            argv, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout[-1000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def ops(self, *words: str) -> str:
        return self.say("run", "--rm", "-T", "ops", *words)

    def down(self) -> None:
        """Gone, and nobody's name or address stood in what it logged."""
        said = self.say("logs", "--no-color").encode()
        self.say("down", "--volumes", "--timeout", "10")
        assert_nobody_in({self.name: said})

    def health(self) -> dict[str, list[str]]:
        """Service → how the engine finds each of its containers."""
        found = self.say("ps", "--quiet").split()
        told = json.loads(_docker("inspect", *found))
        health: dict[str, list[str]] = {}
        for each in told:
            service = each["Config"]["Labels"]["com.docker.compose.service"]
            health.setdefault(service, []).append(each["State"].get("Health", {}).get("Status", ""))
        return health


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def project(images: None) -> Iterator[Project]:
    try:
        made = Project()
    except NoEngine as missing:
        go_without(str(missing))
    try:
        made.say("up", "--detach", "--no-build", "--scale", "booking=2")
        _healthy(made)
        yield made
    finally:
        made.down()


def _healthy(project: Project) -> None:
    def all_are() -> bool:
        health = project.health()
        return {each for name in SERVICES for each in health.get(name, [""])} == {"healthy"}

    eventually(all_are, what="every replica to be healthy", seconds=_HEALTHY_SECONDS)


def test_it_comes_up_scaled_takes_a_booking_and_the_operators_commands(project: Project) -> None:
    assert {name: len(project.health()[name]) for name in SERVICES} == dict.fromkeys(SERVICES, 1) | {"booking": 2}
    project.say("run", "--rm", "-T", "demo")
    headers = {"Authorization": f"Bearer {project.ops('token', PERSON)}"} | key()
    day = next(itertools.islice(open_days(), 3, None))
    start = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    answer = httpx.post(f"{project.url}/v1/bookings", json=wish("room-a", start), headers=headers, timeout=10)
    assert answer.status_code == 201, answer.text
    status = json.loads(project.ops("status", "--json"))
    assert len(next(each for each in status["services"] if each["service"] == "booking")["replicas"]) == 2
    copied = json.loads(project.ops("backup", "--to", "/backups/one", "--json"))
    assert copied["documents"] > 0
    verified = json.loads(project.ops("verify", "--against", "/backups/one", "--json"))
    assert [each["problems"] for each in verified["services"]] == [[]] * 4


@pytest.mark.parametrize("name", [*SERVICES, "ops"])
def test_an_image_says_what_it_is_runs_as_nobody_and_carries_its_bill_of_materials(images: None, name: str) -> None:
    image = f"lounge/{name}:{TAG}"
    (told,) = json.loads(_docker("image", "inspect", image))
    config: dict[str, Any] = told["Config"]
    assert config["User"] == "10001:10001"
    assert config["Labels"].keys() >= {f"org.opencontainers.image.{each}" for each in ("title", "version", "revision")}
    if name != "ops":
        assert config["Labels"]["example.linkj.service"] == name
        assert config["Healthcheck"]["Test"][0] == "CMD", "no shell is asked"
    materials = json.loads(_docker("run", "--rm", "--entrypoint", "cat", image, config["Labels"]["example.linkj.sbom"]))
    assert materials["bomFormat"] == "CycloneDX"
    assert {"fastapi", "nats-py", "pymongo"} <= {each["name"] for each in materials["components"]}

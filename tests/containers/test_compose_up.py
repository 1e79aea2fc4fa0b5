"""docker-compose.yml as a person uses it: up, a booking, the operator's commands, a loss, down. And what images say."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.embedded.children import free_port
from tests.containers.conftest import TAG
from tests.journeys.conftest import key, wish
from tests.support.engine import ROOT, SERVICES, NoEngine, compose
from tests.support.eventually import eventually
from tests.support.leaks import assert_nobody_in
from tests.support.ledger import PERSON, on_an_open_day
from tests.support.programs import go_without

_HEALTHY_SECONDS = 60.0


class Project:
    """One run of the file under a name and a port of its own, on images that were built already."""

    def __init__(self) -> None:
        self.name = f"lounge{secrets.token_hex(3)}"
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._environment = {**os.environ, "LOUNGE_VERSION": TAG, "LOUNGE_PORT": str(port)}
        self._words = [*compose(), "--project-name", self.name]
        self._said: dict[str, bytes] = {}

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

    def down(self, *words: str) -> None:
        """No container is left; what they logged is heard first."""
        self._said[f"{self.name} {len(self._said)}"] = self.say("logs", "--no-color").encode()
        self.say("down", "--timeout", "10", *words)

    def end(self) -> None:
        """Nothing is left, and nobody's name or address stood in what any container logged."""
        self.down("--volumes")
        assert_nobody_in(self._said)

    def lose(self, *kept: str) -> list[str]:
        """Remove every volume but these; gives the names of those that are gone."""
        label = f"label=com.docker.compose.project={self.name}"
        found = _docker("volume", "ls", "--quiet", "--filter", label).split()
        gone = [each for each in found if each.removeprefix(f"{self.name}_") not in kept]
        _docker("volume", "rm", *gone)
        return gone

    def api(self) -> httpx.Client:
        """Signed in as staff of the demonstration."""
        headers = {"Authorization": f"Bearer {self.ops('token', PERSON)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=10)

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
        made.say("run", "--rm", "-T", "demo")
        yield made
    finally:
        made.end()


def _healthy(project: Project) -> None:
    def all_are() -> bool:
        health = project.health()
        return {each for name in SERVICES for each in health.get(name, [""])} == {"healthy"}

    eventually(all_are, what="every replica to be healthy", seconds=_HEALTHY_SECONDS)


def place(person: httpx.Client, room: str, which: int) -> dict[str, Any]:
    """A booking on this open day."""
    answer = person.post("/v1/bookings", json=wish(room, on_an_open_day(which)), headers=key())
    assert answer.status_code == 201, answer.text
    placed: dict[str, Any] = answer.json()
    return placed


def test_it_comes_up_scaled_takes_a_booking_and_the_operators_commands(project: Project) -> None:
    assert {name: len(project.health()[name]) for name in SERVICES} == dict.fromkeys(SERVICES, 1) | {"booking": 2}
    with project.api() as person:
        place(person, "room-a", 3)
    status = json.loads(project.ops("status", "--json"))
    assert len(next(each for each in status["services"] if each["service"] == "booking")["replicas"]) == 2
    copied = json.loads(project.ops("backup", "--to", "/backups/one", "--json"))
    assert copied["documents"] > 0
    assert sound(project, "/backups/one")


def sound(project: Project, backup: str) -> bool:
    verified = json.loads(project.ops("verify", "--against", backup, "--json"))
    return [each["problems"] for each in verified["services"]] == [[]] * 4


def test_an_installation_that_is_lost_comes_back_by_its_keys_and_its_back_up(project: Project) -> None:
    """As docs/operations/backup.md says; of its volumes only the keys and the back-ups are left."""
    with project.api() as person:
        ids = [place(person, "room-b", which)["id"] for which in range(4, 7)]
        eventually(lambda: _unsent(project) == 0, what="everything to be said", seconds=60)
        eventually(lambda: len(_mails(project)) >= len(ids), what="their mails", seconds=60)
        before = stand(person, ids)
    project.ops("backup", "--to", "/backups/last")
    project.down()
    gone = project.lose("installation", "backups")
    assert {f"{project.name}_{each}" for each in ("mongo", "nats", "mail", "handed-booking")} <= set(gone)

    project.say("run", "--rm", "-T", "topology")
    restored = json.loads(project.ops("restore", "--from", "/backups/last", "--json"))
    project.say("up", "--detach", "--no-build")
    _healthy(project)
    for line in restored["next"]:
        project.ops(*line.split()[1:])
    eventually(lambda: _unsent(project) == 0, what="everything to be said again", seconds=60)
    assert sound(project, "/backups/last")
    with project.api() as person:
        assert stand(person, ids) == before
        place(person, "room-b", 7)
    eventually(lambda: len(_mails(project)) == 1, what="the mail about the new one, and no other", seconds=60)


def stand(person: httpx.Client, ids: list[str]) -> list[Any]:
    """Each booking as its owner reads it, and its history."""
    answers = [person.get(f"/v1/bookings/{each}{more}") for each in ids for more in ("", "/history")]
    assert {each.status_code for each in answers} == {200}, [each.text for each in answers]
    return [each.json() for each in answers]


def _mails(project: Project) -> list[Any]:
    mails: list[Any] = json.loads(project.ops("mail", "--to", PERSON, "--json"))
    return mails


def _unsent(project: Project) -> float:
    oldest: float = json.loads(project.ops("status", "--json"))["oldest_unsent_seconds"]
    return oldest


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

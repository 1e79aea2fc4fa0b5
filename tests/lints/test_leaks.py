"""The search for people in logs finds them, wherever a helper of the suite starts what logs."""

from pathlib import Path
from typing import Any

import docker
import pytest

from tests.support import installation as containers
from tests.support.cluster import LoungeCluster
from tests.support.installation import Installation, Replica, installation
from tests.support.leaks import leaking, leaks, logs_of, said_in
from tests.support.replica import replica
from tests.support.servers import Nats, Servers

PLANTED = '{"event": "mail.sent", "to": "hanako@special.example"}\n'
HARMLESS = '{"event": "mail.sent", "mail": "06pbq2k4tk5"}\n'
FOUND = "logs tell of people: .*hanako@special"


@pytest.mark.parametrize(
    "text",
    [
        "to=hanako@special.example",
        "髙﨑様",
        "Mariko",
        "Canarymore",
        "eyJ" + "a" * 30 + ".b.c",
        "lk_" + "x" * 30,
        "SU" + "A2" * 28,
        "mongodb://booking:word@127.0.0.1:27017/booking",
    ],
)
def test_an_address_a_name_and_a_secret_are_found_in_any_line(text: str) -> None:
    assert leaks(f'{{"event": "x", "at": "{text}"}}'.encode())


@pytest.mark.parametrize(
    "written", [r"\u9ad9\ufa11", r"b'\xe9\xab\x99\xef\xa8\x91'", r'"b\"\\xe9\\xab\\x99\\xef\\xa8\\x91\""']
)
def test_a_name_is_found_however_it_is_escaped(written: str) -> None:
    assert leaks(written.encode()) == {"髙﨑".encode()}


def test_ids_codes_and_the_house_s_own_address_are_no_person() -> None:
    assert leaks(b'{"event": "mail.sent", "mail": "06pbq2k4tk5", "from": "lounge@linkj.example"}') == set()


def test_every_log_of_a_system_is_searched_but_not_its_mails(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for name in ("logs/members-1.jsonl", "mongod.log", "mail/ledger.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a@b.example")
    folder.with_suffix(".out").write_text("Ready: as member-a@special.example\na@b.example")
    found = {Path(name).name for name in leaking(said_in(logs_of(folder)))}
    assert found == {"members-1.jsonl", "mongod.log", "data.out"}
    folder.with_suffix(".out").write_text("Ready: as member-a@special.example")
    assert str(folder.with_suffix(".out")) not in leaking(said_in(logs_of(folder)))


@pytest.mark.parametrize("log", ["logs/booking-2.jsonl", "nats-1/nats.log", "mongo-3/mongod.log"])
def test_a_line_in_any_log_of_a_cluster_is_found_when_it_stops(tmp_path: Path, log: str) -> None:
    cluster = LoungeCluster(tmp_path / "data")
    for name in ("logs/booking-1.jsonl", log, "nats-3/nats.log"):
        (tmp_path / "data" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "data" / name).write_text(HARMLESS)
    cluster.stop()
    (tmp_path / "data" / log).write_text(PLANTED)
    with pytest.raises(AssertionError, match=FOUND):
        cluster.stop()


def test_a_line_of_a_server_s_earlier_life_is_found(tmp_path: Path) -> None:
    servers = Servers(tmp_path)
    server = servers.nats
    assert isinstance(server, Nats)
    server.start()
    server.wait_ready()
    with server.said.open("a", encoding="utf-8") as said:
        said.write(PLANTED)
    for _ in range(2):
        server.kill()
        server.start()
    server.stop()
    (found,) = leaking(said_in(logs_of(tmp_path))).values()
    assert found == {b"hanako@special.example"}


def test_a_line_of_a_replica_is_found_when_it_goes(tmp_path: Path) -> None:
    unstarted = Servers(tmp_path)
    with replica(unstarted, tmp_path, module="this") as told:
        told.child.wait(20)
    assert "Namespaces" in told.text
    with pytest.raises(AssertionError, match=FOUND), replica(unstarted, tmp_path, module="this") as told:
        told.said.write_text(PLANTED, encoding="utf-8")


class Box:
    """Stands in for a container."""

    def __init__(self, name: str, stderr: str, stdout: str = "") -> None:
        self.name, self.short_id = name, f"{id(self):x}"
        self.attrs = {"State": {"ExitCode": 0}}
        self.removed = False
        self._stderr, self._stdout = stderr.encode(), stdout.encode()

    def logs(self, *, stdout: bool = True, stderr: bool = True, tail: int | None = None) -> bytes:
        return self._stdout * stdout + self._stderr * stderr

    def wait(self, **_: Any) -> dict[str, int]:
        return {"StatusCode": 0}

    def stop(self, **_: Any) -> None: ...
    def reload(self) -> None: ...
    def remove(self, **_: Any) -> None:
        self.removed = True


class Engine:
    """Stands in for a Docker engine that runs these, and for its network."""

    name = "network"

    def __init__(self, *boxes: Box) -> None:
        self.containers = self.volumes = self
        self.boxes = boxes

    def list(self, **_: Any) -> list[Box]:
        return [box for box in self.boxes if not box.removed]

    def run(self, *_: Any, **__: Any) -> Box:
        return self.boxes[0]

    def get(self, _: str) -> "Engine":
        return self

    def create(self) -> None: ...
    def remove(self, **_: Any) -> None: ...
    def close(self) -> None: ...


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    def of(*boxes: Box) -> Engine:
        made = Engine(*boxes)
        monkeypatch.setattr(docker, "from_env", lambda: made)
        monkeypatch.setattr(containers, "Network", lambda: made)
        monkeypatch.setattr(Installation, "start", lambda _, scale=None: None)
        return made

    return of


def test_a_line_of_a_container_is_found_when_the_installation_goes(engine: Any) -> None:
    made = engine(Box("booking", HARMLESS), Box("notify", HARMLESS, PLANTED), Box("nats", HARMLESS))
    with pytest.raises(AssertionError, match=FOUND), installation("test"):
        pass
    assert all(box.removed for box in made.boxes)
    engine(Box("booking", HARMLESS))
    with installation("test"):
        pass


def test_a_line_of_a_container_that_went_before_is_found_too(engine: Any) -> None:
    made = engine(Box("booking", PLANTED))
    running = Installation("test")
    running.replicas.append(Replica("booking", 1, made.boxes[0]))
    running.remove(running.replicas[0])
    assert made.list() == []
    with pytest.raises(AssertionError, match=FOUND):
        running.stop()


def test_what_a_job_logs_is_searched_and_what_ops_answers_is_not(engine: Any) -> None:
    engine(Box("ops", HARMLESS, PLANTED))
    with installation("test") as running:
        assert running.lounge("token") == PLANTED.strip()
    engine(Box("ops", PLANTED, HARMLESS))
    with pytest.raises(AssertionError, match=FOUND), installation("test") as running:
        running.lounge("token")
    engine(Box("demo", HARMLESS, PLANTED))
    with pytest.raises(AssertionError, match=FOUND), installation("test") as running:
        running._job("demo")

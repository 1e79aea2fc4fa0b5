"""The jobs of an installation, wrongly told: one line that names the setting, status 2, never a secret or a trace."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.mongo.admin import index_all
from deploy.nats.keys import new_seed
from deploy.trouble import CannotStart
from tests.support.engine import ROOT
from tests.support.servers import Servers

_RUN = """
import runpy, sys
from pathlib import Path
from typing import Any
from deploy.installation import rooms
rooms.KEPT, rooms.HANDED, rooms.STORES = (Path(sys.argv[2]) / each for each in ("kept", "handed", "stores"))
if sys.argv[3]:
    rooms.nats_url = lambda: sys.argv[3]
runpy.run_module(f"deploy.installation.{sys.argv[1]}", run_name="__main__", alter_sys=True)
"""
NOWHERE, RUBBISH, WRONG, ADMIN = "/nowhere/url", "rubbish", "wrong", "admin"
TOLD = [
    ("prepare", {"NATS_STORE_BYTES": "20X"}, "LOUNGE_NATS_STORE_BYTES: '20X' is no size: write it like 20G"),
    (
        "prepare",
        {"NATS_STORE_BITES": "20G"},
        "LOUNGE_NATS_STORE_BITES: there is no such setting; is LOUNGE_NATS_STO",
    ),
    ("topology", {"STREAM_REPLICAS": "x"}, "LOUNGE_STREAM_REPLICAS: 'x' is no number from 1 to 5."),
    ("topology", {"STREAM_REPLICAS": "9"}, "LOUNGE_STREAM_REPLICAS: '9' is no number from 1 to 5."),
    ("topology", {"STREAM_REPLICA": "3"}, "LOUNGE_STREAM_REPLICA: there is no such setting; is LOUNGE_STREAM_REPLICAS"),
    ("topology", {"CONNECT_SECONDS": "soon"}, "LOUNGE_CONNECT_SECONDS: 'soon' is no number of seconds."),
    (
        "topology",
        {"MONGO_ADMIN_URL_FILE": NOWHERE},
        "LOUNGE_MONGO_ADMIN_URL_FILE: /nowhere/url cannot be read: No",
    ),
    ("topology", {"MONGO_ADMIN_URL_FILE": RUBBISH}, "LOUNGE_MONGO_ADMIN_URL_FILE: it is not like mongodb://"),
    (
        "topology",
        {"MONGO_ADMIN_URL_FILE": WRONG},
        "LOUNGE_MONGO_ADMIN_URL_FILE: MongoDB refuses: Authentication",
    ),
    (
        "topology",
        {"MONGO_ADMIN_URL_FILE": ADMIN, "MONGO_CA": RUBBISH},
        "LOUNGE_MONGO_CA: {rubbish} is no file of certificates",
    ),
    ("topology", {"NATS_CA_FILE": RUBBISH}, "LOUNGE_NATS_CA_FILE: {rubbish} is no file of certificates"),
]


@pytest.fixture
def job(tmp_path: Path, servers: Servers) -> "Job":
    return Job(tmp_path, servers)


class Job:
    """Runs one as its container does, in folders of the test's own."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.folder = folder
        self.servers = servers
        self.keys = folder / "kept" / "keys" / "nats"
        self.keys.mkdir(parents=True)
        for name in ("ops", "site-nyc", "hub-nyc"):
            (self.keys / f"{name}.nk").write_text(servers.seed_file(name).read_text())
        self.files = {name: folder / name for name in (RUBBISH, WRONG, ADMIN)}
        self.files[RUBBISH].write_text("secret rubbish")
        self.files[WRONG].write_text(servers.mongo_admin_url.replace("lounge_admin:", "lounge_admin:secret"))
        self.files[ADMIN].write_text(servers.mongo_admin_url)

    def ended(self, name: str, told: dict[str, str], *, nats: str = "") -> subprocess.CompletedProcess[str]:
        given = {f"LOUNGE_{key}": str(self.files.get(value, value)) for key, value in told.items()}
        return subprocess.run(
            [sys.executable, "-c", _RUN, name, self.folder, nats or self.servers.nats_url],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin"} | given,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )

    def refused(self, name: str, told: dict[str, str], *, nats: str = "") -> str:
        """The one line it ends with."""
        ended = self.ended(name, told, nats=nats)
        assert ended.returncode == 2, ended.stderr
        assert ended.stdout == ""
        assert ended.stderr.count("\n") == 1, ended.stderr
        assert "secret" not in ended.stderr
        return ended.stderr


@pytest.mark.parametrize(("name", "told", "sentence"), TOLD)
def test_a_setting_that_will_not_do_is_named(job: Job, name: str, told: dict[str, str], sentence: str) -> None:
    assert job.refused(name, told).startswith(sentence.format(rubbish=job.files[RUBBISH]))


def test_a_mongodb_that_does_not_come_is_waited_for_and_told(job: Job) -> None:
    job.files[ADMIN].write_text("mongodb://lounge_admin:secret@127.0.0.1:1/?replicaSet=lounge")
    said = job.refused("topology", {"MONGO_ADMIN_URL_FILE": ADMIN, "CONNECT_SECONDS": "0.5"})
    assert said.startswith("After 0.5 s no primary answers where LOUNGE_MONGO_ADMIN_URL_FILE says.")


def test_a_nats_that_does_not_come_is_waited_for_and_told(job: Job) -> None:
    away = "nats://127.0.0.1:1"
    said = job.refused("topology", {"MONGO_ADMIN_URL_FILE": ADMIN, "CONNECT_SECONDS": "4"}, nats=away)
    assert said.startswith(f"After 4 s JetStream does not answer at {away}.")


def test_a_key_the_server_does_not_know_is_named(job: Job) -> None:
    (job.keys / "ops.nk").write_text(new_seed())
    said = job.refused("topology", {"MONGO_ADMIN_URL_FILE": ADMIN})
    assert said == f"{job.keys}/ops.nk: the nats-server at {job.servers.nats_url} refuses this key.\n"


def test_a_file_that_is_no_key_is_named(job: Job) -> None:
    (job.keys / "hub-nyc.nk").write_text("secret")
    assert job.refused("topology", {"MONGO_ADMIN_URL_FILE": ADMIN}) == f"{job.keys}/hub-nyc.nk holds no nkey seed.\n"


def test_rightly_told_it_is_done(job: Job) -> None:
    ended = job.ended("topology", {"MONGO_ADMIN_URL_FILE": ADMIN, "STREAM_REPLICAS": "1"})
    assert (ended.returncode, ended.stderr) == (0, "")


async def test_an_index_that_differs_is_named_and_left_as_it_is(clean: Servers) -> None:
    with MongoClient[dict[str, Any]](clean.mongo_admin_url) as client:
        anchors = client["booking"]["anchors"]
        name, index = next((name, each) for name, each in anchors.index_information().items() if name != "_id_")
        anchors.drop_index(name)
        anchors.create_index(index["key"], name=name, sparse=True)
        try:
            with pytest.raises(CannotStart, match=r"The indexes of booking\.anchors differ from those declared: "):
                await asyncio.to_thread(index_all, client)
            assert anchors.index_information()[name]["sparse"] is True
        finally:
            anchors.drop_index(name)
            index_all(client)

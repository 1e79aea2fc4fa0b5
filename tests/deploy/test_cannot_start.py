"""What keeps `lounge up` from starting: one sentence, status 2, and nothing damaged."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from nats.js.api import RetentionPolicy, StreamConfig

from deploy import topology
from deploy.embedded.binaries import why_it_ended
from deploy.embedded.folder import DataFolder
from deploy.embedded.plan import scale_of
from deploy.nats.server import NatsServer


def refused(folder: Path, *words: str, **environment: str) -> str:
    """The one sentence `lounge up` ends with."""
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "up", "--data", str(folder), *(words or ("--port", "0"))],
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, **environment},
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = refused(tmp_path / "data", "--port", str(port))
    assert f"Port {port} is already in use" in sentence


def test_a_folder_with_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert "holds other things" in refused(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    assert "is not a folder" in refused(tmp_path / "data")


def test_a_folder_of_another_version_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("99\n")
    assert "is of version 99" in refused(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["version"]


@pytest.mark.parametrize("variable", ["LOUNGE_MONGOD", "LOUNGE_NATS_SERVER"])
def test_a_missing_server_is_named(tmp_path: Path, variable: str) -> None:
    assert f"{variable} names /nowhere/server" in refused(tmp_path / "data", **{variable: "/nowhere/server"})


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("LOUNGE_NATS_STORE_BYTES", "20X", "LOUNGE_NATS_STORE_BYTES: '20X' is no size: write it like 20G"),
        ("LOUNGE_LOG_LEVLE", "debug", "LOUNGE_LOG_LEVLE: there is no such setting; is LOUNGE_LOG_LEVEL meant?"),
    ],
)
def test_a_setting_that_will_not_do_is_named(tmp_path: Path, variable: str, value: str, sentence: str) -> None:
    assert refused(tmp_path / "data", **{variable: value}).startswith(sentence)
    assert not (tmp_path / "data").exists()


def test_a_library_mongod_lacks_is_told_by_its_package(tmp_path: Path) -> None:
    says = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    fake = program(tmp_path / "mongod", f"echo '{says}' >&2; exit 127")
    assert "apt-get install libcurl4" in refused(tmp_path / "data", LOUNGE_MONGOD=fake)


def test_a_wrong_mongod_is_quoted(tmp_path: Path) -> None:
    fake = program(tmp_path / "mongod", "echo 'Error parsing command line: unrecognised option' >&2; exit 2")
    sentence = refused(tmp_path / "data", LOUNGE_MONGOD=fake)
    assert "mongod ended with status 2 at its start: Error parsing command line: unrecognised option" in sentence


def test_what_is_wrong_with_the_words_is_told(tmp_path: Path) -> None:
    for scale in ("gateway=2", "booking", "booking=0", "booking=x"):
        ended = subprocess.run(
            [sys.executable, "-m", "deploy.cli", "up", "--data", str(tmp_path / "data"), "--scale", scale],
            check=False,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 2
        assert scale.partition("=")[0] in ended.stderr
    assert not (tmp_path / "data").exists()


def test_replicas_are_counted_from_every_way_of_writing_them() -> None:
    assert scale_of(["booking=3,events=2", "notify=1"]) == {"booking": 3, "events": 2, "notify": 1}
    assert scale_of([]) == {}


def test_an_unknown_library_is_named_as_it_is() -> None:
    said = "x: error while loading shared libraries: libfoo.so.1: cannot open"
    assert "libfoo.so.1 is missing" in str(why_it_ended("mongod", 127, said))


async def test_a_stream_with_other_settings_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.take()
    server = NatsServer(folder.path, folder.keys)

    server.start()
    await asyncio.to_thread(server.wait_ready)
    ops = await topology.connect(server.url, folder.keys.seed_file("ops"), "ops")
    await ops.jetstream().add_stream(StreamConfig("EVENTS", subjects=["evt.>"], retention=RetentionPolicy.WORK_QUEUE))
    await ops.close()
    server.stop()
    folder.release()
    sentence = await asyncio.to_thread(refused, folder.path)
    assert "stream EVENTS stands with settings that cannot change" in sentence

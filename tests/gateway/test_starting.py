"""A gateway that cannot start says why in one line and ends with status 2; one that still waits ends when told."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping

from tests.support.servers import Servers
from tests.support.waiting import until


def started(servers: Servers, **settings: object) -> "subprocess.Popen[str]":
    here = {name: value for name, value in os.environ.items() if not name.startswith("LOUNGE_")}
    env = servers.settings_env("gateway", **settings)
    return subprocess.Popen(
        [sys.executable, "-m", "services.gateway"], env=here | env, stderr=subprocess.PIPE, text=True
    )


async def test_what_is_wrong_is_said_in_one_line(clean: Servers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        wrong: Mapping[str, dict[str, object]] = {
            "LOUNGE_NATS_URL: no nats-server answers at 127.0.0.1:1": {"nats_url": "nats://127.0.0.1:1"},
            "LOUNGE_NATS_SEED_FILE: the nats-server at": {"nats_seed_file": clean.seed_file("stranger")},
            "LOUNGE_NATS_MONITOR_URL is an http:// address": {"nats_monitor_url": "ftp://127.0.0.1"},
            f"LOUNGE_HTTP_PORT: 127.0.0.1:{port} cannot be opened: Address already in use": {"http_port": port},
            "LOUNGE_CONCURRENCY: ": {"concurrency": 0},
        }
        children = {sentence: started(clean, connect_seconds=0.5, **each) for sentence, each in wrong.items()}
        for sentence, child in children.items():
            _, said = child.communicate(timeout=160)
            assert child.returncode == 2, said
            assert said.splitlines()[-1].startswith(f"lounge: cannot start: {sentence}"), said
            assert "Traceback" not in said


async def test_one_that_waits_for_nats_ends_when_it_is_told(clean: Servers) -> None:
    child = started(clean, nats_url="nats://127.0.0.1:1", connect_seconds=60)
    assert child.stderr is not None
    assert "nats.error" in child.stderr.readline(), "it tries"
    child.send_signal(signal.SIGTERM)
    await until(lambda: child.poll() is not None, seconds=10)
    child.communicate()
    assert child.returncode == 0

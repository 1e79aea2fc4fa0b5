"""A Docker engine for tests: the one that answers, else one started by hand; and our images on it.

`python -m tests.support.engine` says in one sentence whether there can be one: exit status 0 or 1. With `hold` it has
one, writes its address on a line, builds the images, and keeps it until its standard input ends.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.patience import deadline

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ("members", "booking", "events", "notify", "gateway")
_REGISTRY_BASE = "python:3.11-slim-bookworm"
_OFFLINE_BASE = "lounge/base:bookworm"
_START_SECONDS = 40.0


class NoEngine(Exception):
    """One sentence: what is missing for an engine."""


def answers(host: str | None = None) -> bool:
    """Whether an engine answers at `host`, or where the environment says."""
    if shutil.which("docker") is None:
        return False
    environment = os.environ | ({"DOCKER_HOST": host} if host else {})
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(asked, env=environment, capture_output=True, check=False).returncode == 0


def why_not() -> str | None:
    """What is missing for an engine, or None."""
    if answers():
        return None
    missing = [name for name in ("docker", "dockerd", "iptables") if shutil.which(name) is None]
    if missing:
        return f"no Docker engine answers, and none can be started: {', '.join(missing)} not installed"
    if os.geteuid() != 0:
        return "no Docker engine answers, and only root may start one"
    return None


@contextmanager
def engine() -> Iterator[None]:
    """An engine that `docker` and testcontainers find by DOCKER_HOST; one we started is stopped at the end.

    Raises NoEngine where there is none and none can be started.
    """
    if answers():
        yield
        return
    if (why := why_not()) is not None:
        raise NoEngine(why)
    with tempfile.TemporaryDirectory(prefix="lounge-engine-", ignore_cleanup_errors=True) as folder:
        host = f"unix://{folder}/docker.sock"
        said = Path(folder) / "dockerd.log"
        daemon = _started(Path(folder), host, said)
        before = os.environ.get("DOCKER_HOST")
        os.environ["DOCKER_HOST"] = host
        try:
            _wait(daemon, host, said)
            yield
        finally:
            daemon.terminate()
            daemon.wait(60)
            os.environ.pop("DOCKER_HOST")
            if before is not None:
                os.environ["DOCKER_HOST"] = before


def _started(folder: Path, host: str, said: Path) -> "subprocess.Popen[bytes]":
    argv = ["dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    argv += ["--host", host, "--pidfile", f"{folder}/docker.pid"]
    with said.open("wb") as log:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _wait(daemon: "subprocess.Popen[bytes]", host: str, said: Path) -> None:
    end = deadline(_START_SECONDS)
    while not answers(host):
        if daemon.poll() is not None or time.monotonic() > end:
            last = said.read_text(errors="replace").strip().splitlines()[-1:]
            raise NoEngine(f"dockerd does not start here: {''.join(last)[-300:]}")
        time.sleep(0.1)


@functools.cache
def base() -> str:
    """The image ours stand on: the registry's, or, where none is reached, offline-base's."""
    for image in (os.environ.get("LOUNGE_BASE"), _REGISTRY_BASE):
        if image and (_done("docker", "image", "inspect", image) or _done("docker", "pull", "--quiet", image)):
            return image
    subprocess.run([ROOT / "deploy" / "docker" / "offline-base"], check=True, stdout=sys.__stderr__)
    return _OFFLINE_BASE


def _done(*argv: str) -> bool:
    return subprocess.run(argv, capture_output=True, check=False, timeout=300).returncode == 0


def build(target: str, tag: str) -> str:
    """Build one of our images (`ops`, or a service's name); returns its name."""
    service = {} if target == "ops" else {"SERVICE": target}
    stage = ["--target", "ops" if target == "ops" else "service"]
    return _built(f"lounge/{target}:{tag}", ["-f", "deploy/docker/Dockerfile", *stage, "."], BASE=base(), **service)


def layered(folder: str, image: str, **arguments: str) -> str:
    """Build the Dockerfile of a folder of this checkout; returns the image's name."""
    return _built(image, [folder], **arguments)


def _built(image: str, what: list[str], **arguments: str) -> str:
    words = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    argv = ["docker", "build", "--quiet", "-t", image, *words, *what]
    built = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if built.returncode:
        raise RuntimeError(f"{image} does not build:\n{built.stdout[-2000:]}{built.stderr[-2000:]}")
    return image


def images(tag: str = "test") -> dict[str, str]:
    """All of ours, built from this checkout under `tag`: what an unchanged layer holds is not built again."""
    return {name: build(name, tag) for name in ("ops", *SERVICES)}


def compose() -> list[str]:
    """The words that start compose: version 2 where it is there, else 1.29. Raises NoEngine."""
    if _done("docker", "compose", "version"):
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise NoEngine("neither `docker compose` nor docker-compose is installed")


def hold(tag: str = "test") -> None:
    """For who has something else to do while the images are built; a line says when they are. Raises NoEngine."""
    with engine():
        sys.stdout.write(f"{os.environ.get('DOCKER_HOST', '')}\n")
        sys.stdout.flush()
        images(tag)
        sys.stdout.write("built\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1:] == ["hold"]:
        hold()
        sys.exit()
    reason = why_not()
    sys.stdout.write(f"{reason or 'a Docker engine answers, or can be started'}\n")
    sys.exit(reason is not None)

"""The whole system as a user starts it: `lounge up` on a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from deploy.embedded.children import free_port, spawn, stop
from tests.support.eventually import eventually
from tests.support.leaks import assert_nobody_in, logs_of, said_in
from tests.support.patience import deadline

LOUNGE = [sys.executable, "-m", "deploy.cli"]


class System:
    """`lounge up`, running. `run` is its run.json, read afresh."""

    def __init__(self, folder: Path, *extra: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._extra = extra
        self._child: subprocess.Popen[bytes] | None = None
        self._least = float("inf")

    def start(self) -> float:
        """Seconds from the command to ready."""
        began = time.perf_counter()
        argv = [*LOUNGE, "up", "--data", str(self.folder), "--port", str(self.port), *self._extra]
        self._child = spawn(argv, said=self.folder.with_suffix(".out"))
        eventually(self._ready, seconds=90, what="lounge up to be ready")
        return time.perf_counter() - began

    def _ready(self) -> bool:
        assert self._child is not None
        if self._child.poll() is not None:
            raise RuntimeError(self._said())
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    def _said(self) -> str:
        """What it printed, and the end of each log: the folder is gone when somebody reads of it."""
        logs = sorted((self.folder / "logs").glob("*"))
        ends = [f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-12:]) for log in logs]
        return "\n".join([self.folder.with_suffix(".out").read_text(), *ends])

    def stop(self) -> None:
        """Nobody's name or address may stand in what it logged."""
        if self._child is not None:
            stop(self._child, grace=30)
            assert_nobody_in(said_in(logs_of(self.folder)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def run(self) -> dict[str, Any]:
        return json.loads((self.folder / "run.json").read_text())  # type: ignore[no-any-return]  # its own contract

    def pids(self) -> dict[str, int]:
        assert self._child is not None
        return {"lounge": self._child.pid} | {p["name"]: p["pid"] for p in self.run["processes"]}

    def lounge(self, *words: str) -> str:
        """What a `lounge` command prints on this system; raises with what it said where it fails."""
        argv = [*LOUNGE, *words, "--data", str(self.folder)]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"lounge {' '.join(words)}: {done.stderr}{done.stdout}"
        return done.stdout.strip()

    def token(self, email: str) -> str:
        return self.lounge("token", email)

    def api(self, email: str) -> httpx.Client:
        """A client of the gateway, signed in as `email`."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token(email)}"}, timeout=10)

    def memory_mib(self) -> dict[str, float]:
        """Proportional set size of each process (Linux), in MiB."""
        return {name: _pss(pid) for name, pid in self.pids().items()}

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time each process has used so far (Linux)."""
        return {name: _cpu(pid) for name, pid in self.pids().items()}

    def quiet(self, *, seconds: float = 180.0) -> None:
        """Returns once the system has worked off what it was given: all together under a tenth of one core.

        On a slow machine doing nothing costs more than that: there, once it costs as little as it was ever seen to.
        """
        end = deadline(seconds)
        before = sum(self.cpu_seconds().values())
        while True:
            time.sleep(0.5)
            after = sum(self.cpu_seconds().values())
            used, before = after - before, after
            if used < 0.05 or (used < 0.2 and used < 1.25 * self._least):
                return
            self._least = min(self._least, used)
            if time.monotonic() > end:
                raise TimeoutError(f"still busy after {seconds:g} s: {used:.2f} s of CPU in half a second")

    @contextmanager
    def frozen(self, process: str) -> Iterator[None]:
        """It hangs meanwhile, and its supervisor sees no reason to start another."""
        pid = self.pids()[process]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def environment(self, process: str) -> dict[str, str]:
        """The LOUNGE_* variables the process was started with (Linux), for a peer with the same identity."""
        raw = Path(f"/proc/{self.pids()[process]}/environ").read_bytes().decode().split("\0")
        return dict(pair.split("=", 1) for pair in raw if pair.startswith("LOUNGE_"))


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def system(*extra: str) -> Iterator[System]:
    """A fresh one, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="lounge-") as folder:
        made = System(Path(folder) / "data", *extra)
        try:
            made.start()
            yield made
        finally:
            made.stop()

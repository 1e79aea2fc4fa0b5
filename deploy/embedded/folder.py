"""The data folder of an embedded run: what lies where, whose it is, and the facts of the run for others."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from deploy.embedded.children import free_port, reserve
from deploy.nats.keys import KeyFolder, write_private
from deploy.trouble import CannotStart, NotRunning

LAYOUT = "1"
"""Grows when a later version could not read an older folder as it is."""


@dataclass(frozen=True, slots=True)
class Running:
    """One process of the run, as run.json names it."""

    name: str
    pid: int
    port: int | None = None


class DataFolder:
    """`keys/`, `logs/`, `mail/`, `mongo/`, `jetstream/`, `version`, `ports.json`, and while it runs `run.json`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: TextIOWrapper | None = None

    @property
    def keys(self) -> KeyFolder:
        return KeyFolder(self.path / "keys" / "nats")

    @property
    def mongo_keys(self) -> Path:
        return self.path / "keys" / "mongo"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    def log(self, name: str) -> Path:
        """Where the output of the process `name` goes."""
        folder = self.path / "logs"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.jsonl"

    def take(self) -> None:
        """Make it ours until this process ends. Raises CannotStart, having changed nothing, if it cannot be."""
        if self.path.exists() and not self.path.is_dir():
            raise CannotStart(f"{self.path} is not a folder.")
        version = self.path / "version"
        if self.path.exists() and any(self.path.iterdir()) and not version.exists():
            raise CannotStart(f"{self.path} holds other things than data of the Lounge: name another with --data.")
        if version.exists() and (found := version.read_text().strip()) != LAYOUT:
            raise CannotStart(
                f"The data folder {self.path} is of version {found[:20]}, this program reads version {LAYOUT}: "
                "use the program that wrote it, or name another folder with --data."
            )
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._hold()
        if not version.exists():
            write_private(version, LAYOUT + "\n")
        self.mail.mkdir(exist_ok=True)

    def _hold(self) -> None:
        lock = (self.path / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise CannotStart(
                f"The data folder {self.path} belongs to a running instance (process {lock.read().strip()})."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        """Let another instance take it."""
        self.run_file.unlink(missing_ok=True)
        if self._lock:
            self._lock.close()

    def port(self, name: str) -> int:
        """A loopback port for `name`: the one of the last run, unless somebody else has it now."""
        file = self.path / "ports.json"
        ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        if name not in ports or not reserve(ports[name]):
            ports[name] = free_port()
            write_private(file, json.dumps(ports, indent=1) + "\n")
        return ports[name]

    def known_port(self, name: str) -> int:
        """The port `name` has in the run that is on."""
        ports: dict[str, int] = json.loads((self.path / "ports.json").read_text())
        return ports[name]

    def tell(self, urls: dict[str, str], running: list[Running]) -> None:
        """Rewrite run.json, whole or not at all."""
        processes = [{k: v for k, v in asdict(each).items() if v is not None} for each in running]
        write_private(self.run_file, json.dumps({**urls, "processes": processes}, indent=1) + "\n")


def read_run(folder: Path) -> dict[str, Any]:
    """What run.json of a running system says. Raises NotRunning if there is none."""
    try:
        told: dict[str, Any] = json.loads((folder / "run.json").read_text())
    except FileNotFoundError:
        raise NotRunning(f"Nothing runs on the data folder {folder}: start it with `lounge up`.") from None
    return told

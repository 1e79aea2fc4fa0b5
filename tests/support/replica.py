"""One replica of the kit's tiny service as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.children import spawn, stop
from tests.support.leaks import assert_nobody_in, said_in
from tests.support.servers import Servers


@dataclass
class Replica:
    """`said` is what it wrote, `ledger` the crash points it passed."""

    child: subprocess.Popen[bytes]
    said: Path
    ledger: Path

    @property
    def status(self) -> int | None:
        return self.child.poll()

    @property
    def ended(self) -> bool:
        return self.status is not None

    @property
    def text(self) -> str:
        return self.said.read_text(encoding="utf-8")

    @property
    def passed(self) -> list[str]:
        return self.ledger.read_text(encoding="utf-8").splitlines() if self.ledger.exists() else []


@contextmanager
def replica(
    servers: Servers, folder: Path, *, module: str = "tests.support.thing_service", **settings: object
) -> Iterator[Replica]:
    """Started with these settings, by their names; None leaves one out. Gone afterwards, having told of nobody."""
    ledger, said = folder / "ledger", folder / "said"
    env = servers.settings_env("booking", crash_ledger=ledger, **settings)
    left_out = {f"LOUNGE_{name.upper()}" for name, value in settings.items() if value is None}
    here = {name: os.environ[name] for name in os.environ if name in ("PATH", "HOME") or name.startswith("COVERAGE_")}
    child = spawn(
        [sys.executable, "-m", module],
        said=said,
        env=here | {k: v for k, v in env.items() if k not in left_out},
    )
    try:
        yield Replica(child, said, ledger)
    finally:
        stop(child)
        assert_nobody_in(said_in([said]))

"""Run a command and fail if a process it started, however far down, is still alive after it.

`python -m tools.leftovers pytest tests`: the command's status, or 1 with the names of what was left (then killed).
The descendants are known by a mark in their environment, which a re-parented process keeps. Where there is no
/proc, the command just runs.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

MARK = "LOUNGE_RUN_MARK"
GRACE_SECONDS = 5.0


def marked(mark: str) -> dict[int, str]:
    """The command line of every living process, except this one, whose environment carries `mark`."""
    wanted = f"{MARK}={mark}".encode()
    found: dict[int, str] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended while we looked, or it is not ours to read
    return {pid: line for pid, line in found.items() if line}


def run(command: Sequence[str]) -> int:
    """The status of `command`, or 1 if it left processes behind; they are killed and named on stderr."""
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    status = subprocess.run(command, check=False, env={**os.environ, MARK: mark}).returncode
    until = time.monotonic() + GRACE_SECONDS
    while (left := marked(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    for pid, line in left.items():
        print(f"left behind: {pid} {line[:200]}", file=sys.stderr)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return status or (1 if left else 0)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))

"""A test run that leaves a process alive fails, and says which."""

import sys
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tools import leftovers

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to see processes")

DAEMON = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
"""


def test_a_command_that_ends_clean_gives_its_own_status() -> None:
    assert leftovers.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert leftovers.run([sys.executable, "-c", ""]) == 0


def test_a_process_left_in_another_session_is_named_and_killed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(leftovers, "GRACE_SECONDS", 0.2)
    assert leftovers.run([sys.executable, "-c", DAEMON]) == 1
    left = capsys.readouterr().err
    assert left.count("left behind:") == 1
    eventually(lambda: not alive(left.split()[2]), what="its end")


def alive(pid: str) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False

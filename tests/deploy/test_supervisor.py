"""How often a child that dies is started again."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded.children import spawn, stop
from deploy.embedded.supervisor import Kept
from tests.support.eventually import eventually

_PARENT = """
import sys, time
from pathlib import Path
from deploy.embedded.children import spawn
told = Path(sys.argv[1])
child = spawn(["sleep", "60"], said=told.with_name("said"))
told.write_text(f"{child.pid} ")
time.sleep(60)
"""


def dead() -> subprocess.Popen[bytes]:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child


def waits(kept: Kept, died_at: float) -> float:
    """Seconds from the first look after its death to its next start, to a tenth."""
    tenths = 0
    while not kept.look(died_at + tenths / 10):
        tenths += 1
    return tenths / 10


def test_a_child_that_keeps_dying_is_started_ever_later_up_to_three_seconds() -> None:
    kept = Kept("booking-1", dead)
    kept.run(0.0)
    assert [waits(kept, died_at) for died_at in (0.0, 1.0, 2.0, 4.0, 7.0, 11.0)] == [0.2, 0.4, 0.8, 1.6, 3.0, 3.0]


def test_a_child_that_lived_ten_seconds_is_started_again_at_once() -> None:
    kept = Kept("booking-1", dead)
    kept.run(0.0)
    assert [waits(kept, died_at) for died_at in (0.0, 1.0, 20.0)] == [0.2, 0.4, 0.2]


def test_a_living_child_is_left_alone() -> None:
    kept = Kept("booking-1", lambda: subprocess.Popen(["sleep", "60"]))
    kept.run(0.0)
    assert kept.child is not None
    try:
        assert not kept.look(100.0)
    finally:
        stop(kept.child)


def test_a_child_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    said = tmp_path / "said"
    child = spawn([sys.executable, "-c", stubborn], said=said)
    eventually(lambda: "deaf" in said.read_text(), seconds=10, what="the child to stop listening")
    stop(child, grace=0.2)
    assert child.returncode == -9


def test_a_child_ends_when_its_parent_is_killed_with_9(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _PARENT,
            str(told),
        ],
        cwd=Path(__file__).parents[2],
    )
    try:
        eventually(lambda: told.exists() and told.read_text().endswith(" "), seconds=10, what="the child's number")
    finally:
        parent.kill()
        parent.wait()
    eventually(lambda: _is_gone(int(told.read_text())), seconds=5, what="the child to end")


async def test_a_child_is_not_started_on_a_thread_it_would_die_with(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(spawn, ["sleep", "60"], said=tmp_path / "said")


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True

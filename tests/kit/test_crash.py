"""Crash points: free when off, exact when armed."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.kit import crash
from shared.kit.crash import Crashed, configure, crashpoint


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    configure("")


async def test_nothing_armed_does_nothing() -> None:
    configure("")
    await crashpoint("relay.after_publish")
    assert crash._passes == {}


async def test_the_armed_pass_alone_fails_and_the_ledger_holds_every_pass(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    configure("relay.after_publish:raise@2,store.after_write:sleep=0.05", ledger)
    await crashpoint("relay.after_publish")
    with pytest.raises(Crashed):
        await crashpoint("relay.after_publish")
    await crashpoint("relay.after_publish")
    began = time.monotonic()
    await crashpoint("store.after_write")
    assert time.monotonic() - began >= 0.05
    assert ledger.read_text().splitlines() == [
        "relay.after_publish 1 -",
        "relay.after_publish 2 raise",
        "relay.after_publish 3 -",
        "store.after_write 1 sleep=0.05",
    ]


async def test_a_ledger_alone_notes_what_was_passed(tmp_path: Path) -> None:
    configure("", tmp_path / "ledger")
    await crashpoint("ticker.after_due")
    assert (tmp_path / "ledger").read_text() == "ticker.after_due 1 -\n"


@pytest.mark.parametrize("setting", ["relay.nowhere:kill", "kill", ":kill"])
def test_a_point_that_does_not_exist_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="there is no crash point"):
        configure(setting)


async def test_an_action_that_does_not_exist_is_told() -> None:
    configure("relay.after_mark:explode")
    with pytest.raises(ValueError, match="unknown action 'explode'"):
        await crashpoint("relay.after_mark")


@pytest.mark.parametrize(("action", "status", "said"), [("kill", -9, ""), ("stop=0.2", 0, "went on after 0.2 s\n")])
async def test_a_process_dies_or_stands_still_and_goes_on(action: str, status: int, said: str) -> None:
    program = f"""
import asyncio, time
from shared.kit.crash import configure, crashpoint
configure("store.before_write:{action}")
began = time.time()
asyncio.run(crashpoint("store.before_write"))
assert time.time() - began >= 0.15
print("went on after 0.2 s")
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout) == (status, said), done.stderr

"""Named points at which a test makes the process die, stall or fail; free when none is set.

`LOUNGE_CRASH="relay.after_publish:kill@2,store.after_write:sleep=0.5@1"`: at its second pass kill, at its first sleep.
Actions: `kill`, `stop=<s>` (SIGSTOP, and a child that continues it), `sleep=<s>`, `raise`.
"""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

POINTS = frozenset(
    {
        "gateway.before_command",
        "gateway.after_command",
        "store.before_write",
        "store.after_write",
        "command.before_reply",
        "relay.before_publish",
        "relay.after_publish",
        "relay.after_mark",
        "history.between_copy_and_pull",
        "consumer.after_fetch",
        "consumer.before_effect",
        "consumer.after_effect",
        "sender.after_claim",
        "sender.before_send",
        "sender.after_send_before_mark",
        "ticker.after_due",
        "waitlist.between_release_and_promotion",
        "waitlist.between_release_and_offer",
        "waitlist.between_offer_and_mark",
        "dlq.between_park_and_terminate",
    }
)
_armed: dict[str, dict[int, str]] = {}
_passes: dict[str, int] = {}
_ledger: list[Path] = []


class Crashed(Exception):
    """What the action `raise` raises."""


def configure(setting: str, ledger: Path | None = None) -> None:
    """Arms the points `setting` names. Raises ValueError for an unknown one."""
    _armed.clear()
    _passes.clear()
    _ledger[:] = [ledger] if ledger else []
    for part in filter(None, setting.split(",")):
        point, _, rest = part.partition(":")
        action, _, nth = rest.partition("@")
        if point not in POINTS:
            raise ValueError(f"LOUNGE_CRASH: there is no crash point {point!r}")
        _armed.setdefault(point, {})[int(nth or 1)] = action


async def crashpoint(point: str) -> None:
    """Does what was armed for this pass of `point`, and notes in the ledger that it was reached."""
    if not _armed and not _ledger:
        return
    _passes[point] = _passes.get(point, 0) + 1
    action = _armed.get(point, {}).get(_passes[point])
    for path in _ledger:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{point} {_passes[point]} {action or '-'}\n")
    if action:
        await _act(action)


async def _act(action: str) -> None:
    verb, _, seconds = action.partition("=")
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "stop":
        wake = f"sleep {float(seconds)}; kill -CONT {os.getpid()}"
        subprocess.Popen(["sh", "-c", wake])  # noqa: ASYNC220, S603, S607 — in tests alone, and of a number
        os.kill(os.getpid(), signal.SIGSTOP)
    elif verb == "sleep":
        await asyncio.sleep(float(seconds))
    elif verb == "raise":
        raise Crashed(action)
    else:
        raise ValueError(f"LOUNGE_CRASH: unknown action {action!r}")

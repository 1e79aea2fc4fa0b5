"""Children that are kept alive: a dead one is started again, ever later while it keeps dying."""

import asyncio
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.embedded.children import stop
from deploy.embedded.folder import Running

FIRST_DELAY = 0.2
LONGEST_DELAY = 3.0
LONG_ENOUGH = 10.0
"""Seconds of life after which a child that dies is started again at once, as if for the first time."""
_LOOK_EVERY = 0.05

Start = Callable[[], subprocess.Popen[bytes]]


@dataclass
class Kept:
    """One child and how to start it. `start` is called on the main thread, always on the same port."""

    name: str
    start: Start
    port: int | None = None
    grace: float = 5.0
    child: subprocess.Popen[bytes] | None = None
    delay: float = FIRST_DELAY
    born: float = 0.0
    again_at: float | None = field(default=None)

    def run(self, now: float) -> None:
        """Start it; `now` is this moment on a clock that never goes back, in seconds."""
        self.child, self.born, self.again_at = self.start(), now, None

    def look(self, now: float) -> bool:
        """One look at `now`; True if it was started anew. A dead child waits out its delay first."""
        if self.child is None or self.child.poll() is None:
            return False
        if self.again_at is None:
            if now - self.born >= LONG_ENOUGH:
                self.delay = FIRST_DELAY
            self.again_at = now + self.delay
            self.delay = min(self.delay * 2, LONGEST_DELAY)
        if now < self.again_at:
            return False
        self.run(now)
        return True


class Supervisor:
    """Several kept children; `changed` is called after each start, with all of them."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.kept: list[Kept] = []
        self._changed = changed

    def add(self, kept: Kept) -> Kept:
        """Start it now and keep it alive from now on."""
        kept.run(time.monotonic())
        self.kept.append(kept)
        self._changed()
        return kept

    def running(self) -> list[Running]:
        return [Running(k.name, k.child.pid, k.port) for k in self.kept if k.child]

    async def watch(self) -> None:
        """For ever: start again what died."""
        while True:
            now = time.monotonic()
            started = [kept.name for kept in self.kept if kept.look(now)]
            if started:
                self._changed()
            await asyncio.sleep(_LOOK_EVERY)

    async def stop(self) -> None:
        """Stop all in the reverse order of their groups: those of one grace together, the last added first."""
        for names in _groups(self.kept):
            await asyncio.gather(*(asyncio.to_thread(stop, k.child, grace=k.grace) for k in names if k.child))


def _groups(kept: list[Kept]) -> list[list[Kept]]:
    """Doors first (gateway), then services, then the servers they speak to."""
    order = {"gateway": 0, "smtp": 2, "nats": 3, "mongo": 3}
    ranked: dict[int, list[Kept]] = {}
    for each in kept:
        ranked.setdefault(order.get(each.name.rsplit("-", 1)[0], 1), []).append(each)
    return [ranked[rank] for rank in sorted(ranked)]

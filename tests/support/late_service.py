"""`python -m tests.support.late_service`: the kit's tiny service on a machine whose clock is three minutes late."""

from datetime import datetime, timedelta

from shared.kit.clock import SystemClock
from shared.kit.service import run
from shared.kit.settings import KitSettings
from tests.support.thing_service import build

LATE = timedelta(minutes=3)

if __name__ == "__main__":
    told = SystemClock.now

    def late(clock: SystemClock) -> datetime:
        return told(clock) - LATE

    SystemClock.now = late  # type: ignore[method-assign, assignment] # as a machine with a wrong clock
    run(lambda: build(KitSettings()))

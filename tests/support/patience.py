"""How long a test waits before it gives up: what is right is told by the condition, never by the clock."""

import time

SLOWEST = 4
"""How many times slower another machine may be than the one the deadlines were written on; one was seen at three."""


def deadline(seconds: float) -> float:
    """When to give up what takes less than `seconds` on a machine at rest, on the monotonic clock."""
    return time.monotonic() + seconds * SLOWEST

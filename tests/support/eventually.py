"""Waiting on a condition with a deadline: the only way a test waits."""

import time
from collections.abc import Callable
from typing import TypeVar

from tests.support.patience import SLOWEST, deadline

T = TypeVar("T")


def eventually(look: Callable[[], T | None], *, what: str, seconds: float = 15.0) -> T:
    """The first true thing `look` gives; fails naming `what` when the deadline passes, on a slow machine's clock."""
    end = deadline(seconds)
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"waited {SLOWEST} times {seconds:g} s for {what}"
        time.sleep(0.03)

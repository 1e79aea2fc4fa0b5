"""The two clocks: the machine's, and a file's for tests that play a month in seconds."""

from datetime import UTC, datetime
from pathlib import Path

from shared.kernel.time import Clock, instant


class SystemClock:
    """The machine's clock, in UTC, cut to whole milliseconds."""

    virtual = False

    def now(self) -> datetime:
        return instant(datetime.now(UTC))


class VirtualClock:
    """Shows the instant written in a file; every process of a test reads the same one."""

    virtual = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, datetime] | None = None

    def now(self) -> datetime:
        changed = self._path.stat().st_mtime_ns
        if self._read is None or self._read[0] != changed:
            self._read = (changed, instant(datetime.fromisoformat(self._path.read_text(encoding="utf-8").strip())))
        return self._read[1]


def clock_of(setting: str) -> Clock:
    """The clock `LOUNGE_CLOCK` names. Raises ValueError for an unknown kind."""
    kind, _, path = setting.partition(":")
    if kind == "system":
        return SystemClock()
    if kind == "virtual" and path:
        return VirtualClock(Path(path))
    raise ValueError(f"LOUNGE_CLOCK is 'system' or 'virtual:<file>', not {setting!r}")


def is_virtual(clock: Clock) -> bool:
    return isinstance(clock, VirtualClock)


def runs_by_itself(clock: Clock) -> bool:
    """The machine's own, so that no two instants it shows some time apart are the same."""
    return isinstance(clock, SystemClock)

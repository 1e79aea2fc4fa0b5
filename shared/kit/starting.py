"""Why a process cannot start, in one clear line and exit status 2; and how it takes its place among others."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from shared.kit.asserts import Misconfigured
from shared.kit.mongo import PyMongoError


def faults(error: Exception) -> list[str]:
    """One sentence per fault, each naming its setting where it has one; never a value, which may be a secret."""
    if isinstance(error, ValidationError):
        found = error.errors(include_input=False, include_url=False, include_context=False)
        return [_named(".".join(map(str, each["loc"])), each["msg"]) for each in found]
    if isinstance(error, OSError) and error.filename:
        return [f"{error.filename}: {error.strerror}"]
    return [str(error)]


def _named(field: str, message: str) -> str:
    plain = message.removeprefix("Value error, ")
    return f"LOUNGE_{field.upper()}: {plain}" if field else plain


@contextmanager
def building() -> Iterator[None]:
    """While settings are read and objects meet: whatever is wrong then is said and ends the process."""
    try:
        yield
    except (Misconfigured, ValueError, OSError, PyMongoError) as error:
        leave(faults(error))


@contextmanager
def working() -> Iterator[None]:
    """While it connects and runs: only what was asserted of the servers ends the process like that."""
    try:
        yield
    except Misconfigured as error:
        leave(faults(error))


def leave(sentences: list[str]) -> None:
    """Says each sentence on a line of its own and ends the process with status 2."""
    for sentence in sentences:
        sys.stderr.write(f"lounge: cannot start: {sentence}\n")
    sys.exit(2)


def settled() -> None:
    """Once all is imported and built: what stands now is for ever, so the garbage collector need not walk it again.

    Requests leave few cycles; a collector that runs a tenth as often costs a tenth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def step_back(nice: int) -> None:
    """Lets other processes go first. Linux weighs sessions against each other, where it groups by session at all."""
    if nice:
        os.nice(nice)
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(nice), encoding="ascii")

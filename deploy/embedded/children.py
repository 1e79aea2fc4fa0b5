"""Child programs that cannot outlive us, and the small waits around them."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def _leash() -> Callable[[], None] | None:
    """What a child does between fork and exec so that the kernel ends it with us, also when we are killed with -9."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return die_with_parent


def spawn(argv: Sequence[str | Path], *, said: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a program on a leash, in its own session so that Ctrl-C reaches us alone; its output goes to `said`.

    The leash is bound to the calling *thread*, and would pull at its end: on another than the main one it raises.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a child is started on the main thread, or it dies with the thread that started it")
    with said.open("ab") as out:
        return subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            start_new_session=True,
            preexec_fn=_leash(),  # noqa: PLW1509 — it calls prctl alone, before any thread of the child exists
        )


def stop(child: subprocess.Popen[bytes], *, grace: float = 5.0) -> None:
    """Ask the child to end, and kill it if it has not within `grace` seconds. Returns when it is gone."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()


_PORTS = range(20_000, 32_000)
"""Below the range outgoing connections are given theirs from, so none of those takes a port between choice and use."""
_MOST_RESERVED = 256
"""Far more than a run has, and few enough for a process that starts many to keep its files open."""
_given: set[int] = set()
_reserved: dict[int, socket.socket] = {}


def free_port() -> int:
    """A loopback port nobody listens on at this moment, and that was not given before: here, or by another process.

    A whole house is given its ports before any of them is listened on.
    """
    for port in random.sample(_PORTS, 100):
        if port not in _given and reserve(port):
            return port
    raise OSError("no free port among a hundred tried")


def reserve(port: int) -> bool:
    """Whether this loopback port is free and from now on ours, until this process ends: no other is given it meanwhile.

    What says so to others is the same port of UDP, which nobody uses for anything else and the kernel gives back.
    """
    if port not in _reserved:
        token = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            token.bind(("127.0.0.1", port))
        except OSError:
            token.close()
            return False
        _reserved[port] = token
    if len(_reserved) > _MOST_RESERVED:
        _reserved.pop(next(iter(_reserved))).close()
    _given.add(port)
    return not taken(port)


def taken(port: int) -> bool:
    """Whether somebody listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def listens(port: int) -> bool:
    """Whether somebody takes connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(holds: Callable[[], bool], *, seconds: float, what: str, every: float = 0.01) -> None:
    """Poll until it holds; raises TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(every)

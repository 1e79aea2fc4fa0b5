"""`python -m tests.deploy.rehearse_alerts series.json`: makes faults on a running system and says which alerts fire.

A real Prometheus watches with the committed rules; `series.json` is what it saw, for `tools/draw_series.py`.
"""

import asyncio
import functools
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import nats
from nats.aio.client import Client
from nats.js.api import StreamConfig

from tests.support.collector import placed
from tests.support.eventually import eventually
from tests.support.prometheus import Prometheus, dump, prometheus, replicas
from tests.support.system import System, system

SERIES = {
    "throughput": "sum by (status) (lounge:http_requests:rate1m)",
    "latency": "histogram_quantile(0.95, sum by (le) (rate(lounge_command_seconds_bucket[15s])))",
    "lag": "sum by (durable) (lounge:durable_waiting:max)",
    "unsent": "max by (job) (lounge_oldest_unsent_seconds)",
    "dead": 'max(lounge_stream_messages{stream="DLQ"})',
}


def say(line: str) -> None:
    """At once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Load:
    """Somebody who books and cancels, a few times a second, whatever is answered."""

    def __init__(self, lounge: System) -> None:
        self._api = lounge.api("staff@linkj.example")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            try:
                answer = placed(self._api)
                if answer.status_code == 201:
                    self._api.post(f"/v1/bookings/{answer.json()['id']}/cancel", headers=_match(answer))
            except (httpx.HTTPError, KeyError, IndexError):
                continue

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(20)
        self._api.close()


def _match(answer: httpx.Response) -> dict[str, str]:
    return {"If-Match": answer.headers["etag"], "Idempotency-Key": f"cancel-{answer.json()['id']}"}


@contextmanager
def full(lounge: System) -> Iterator[None]:
    """EVENTS takes no message more."""
    asyncio.run(_limited(lounge, 1024))
    try:
        yield
    finally:
        asyncio.run(_limited(lounge, -1))


async def _limited(lounge: System, most: int) -> None:
    client = await _client(lounge, "ops")
    js = client.jetstream()
    config: StreamConfig = (await js.stream_info("EVENTS")).config
    await js.update_stream(config.evolve(max_bytes=most))
    await client.close()


async def _client(lounge: System, name: str) -> Client:
    seed = (lounge.folder / "keys" / "nats" / f"{name}.nk").read_text(encoding="utf-8").strip()
    return await nats.connect(lounge.run["nats"], nkeys_seed_str=seed, inbox_prefix=f"_INBOX_{name}")


async def _said(lounge: System, subject: str, body: bytes) -> None:
    client = await _client(lounge, "booking")
    await client.publish(subject, body)
    await client.flush()
    await client.close()


@contextmanager
def poisoned(lounge: System) -> Iterator[None]:
    """A message nobody can read stands in EVENTS."""
    asyncio.run(_said(lounge, "evt.booking.booking_placed.v1.poison", b"{no json"))
    yield


class Stage:
    """Tells, on stdout, how long after a fault each alert fired and how long after its end it was over."""

    def __init__(self, lounge: System, watching: Prometheus) -> None:
        self.lounge = lounge
        self.watching = watching
        self.marks: list[tuple[float, str]] = []

    def act(
        self, what: str, fault: Callable[[System], AbstractContextManager[None]], alerts: set[str], *, over: float = 180
    ) -> None:
        began = time.time()
        self.marks.append((began, what))
        with fault(self.lounge):
            for alert in sorted(alerts):
                eventually(functools.partial(self._fires, alert), what=alert, seconds=150)
                say(f"{what}: {alert} fires after {time.time() - began:.0f} s")
            say(f"  also firing: {sorted(self.watching.firing() - alerts)}")
        ended = time.time()
        self.marks.append((ended, f"{what}: over"))
        if over:
            self.over(what, alerts, ended, over)

    def _fires(self, alert: str) -> bool:
        return alert in self.watching.firing()

    def _is_over(self, alert: str) -> bool:
        return alert not in self.watching.firing()

    def over(self, what: str, alerts: set[str], ended: float, patience: float) -> None:
        """Waits until they fire no more."""
        for alert in sorted(alerts):
            eventually(functools.partial(self._is_over, alert), what=f"{alert} to be over", seconds=patience)
            say(f"{what}: {alert} is over {time.time() - ended:.0f} s after its end")


def _stages(stage: Stage) -> None:
    stage.act("a poison message", poisoned, {"DeadLettersNew"}, over=0)
    stage.act("notify hangs", lambda on: on.frozen("notify-1"), {"ConsumerLagGrowing", "ReplicaDown"})
    stage.act("EVENTS is full", full, {"EventsUnsent"})
    stage.act("the mail server hangs", lambda on: on.frozen("smtp-1"), {"MailFailing"}, over=300)
    stage.act("mongod hangs", lambda on: on.frozen("mongo-1"), {"MongoUnreachable", "CommandsUnavailable"})
    stage.act("nats-server hangs", lambda on: on.frozen("nats-1"), {"NatsDisconnected", "CommandsUnavailable"})
    eventually(lambda: set(stage.watching.targets().values()) == {"up"}, what="all up again")
    stage.over("a poison message", {"DeadLettersNew"}, time.time(), 400)


def main(told: Path) -> None:
    with tempfile.TemporaryDirectory() as place, system() as lounge, prometheus(lounge, Path(place)) as watching:
        eventually(lambda: set(watching.targets().values()) == {"up"}, what="every target up", seconds=30)
        say(f"targets: {watching.targets()}; rules: {len(watching.rules())}")
        assert len(watching.targets()) == len(replicas(lounge))
        load, began = Load(lounge), time.time()
        stage = Stage(lounge, watching)
        try:
            eventually(lambda: time.time() - began > 20, what="a quiet start", seconds=30)
            say(f"quiet: {sorted(watching.firing())}")
            _stages(stage)
        finally:
            load.stop()
            end = time.time()
            series = {name: watching.span(expr, began, end, 2) for name, expr in SERIES.items()}
            dump(told, {"began": began, "marks": stage.marks, "series": series})


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""One fault under load: what the callers saw of it, and whether the books agree when all is well again."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

from tests.support.audit import Found
from tests.support.cluster import LoungeCluster
from tests.support.ledger import BUILD, PERSON, Ledger, Slots

BEFORE, AFTER = 30, 40
"""Successes to see before a fault, so that it strikes a system at work, and after it, so that it is over."""
PER_SECOND = 40.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a fault cost its callers. Seconds; `answers` are the tries that did not tell, by status or error."""

    fault: str
    first_success_s: float
    """From the fault (or where it is held until work stops, from its end) to a success that was asked for after it."""
    longest_gap_s: float
    """The longest time without any success, of eight callers."""
    answers: dict[str, int]
    commands: int
    slowest_s: float
    """The longest a caller waited for a success, asked again and again."""


@dataclass
class Trial:
    """The load and its books; `struck` and `lifted` are called as the fault begins and, where it is held, ends."""

    name: str
    ledger: Ledger
    _at: list[float] = field(default_factory=list)

    async def strike(self, fault: Callable[[], object]) -> None:
        """Do it now, in a thread, and wait until it is done."""
        self.struck()
        await asyncio.to_thread(fault)

    def struck(self) -> None:
        self.ledger.mark(self.name)
        self._at.append(self.ledger.moments[-1][0])

    def lifted(self) -> None:
        """What follows is measured from here."""
        self.struck()

    def _good(self) -> list[float]:
        return sorted(line.answered for line in self.ledger.succeeded())

    async def succeeds(self, more: int = AFTER, *, seconds: float = 40) -> None:
        """Returns once so many more commands have succeeded; fails when they do not."""
        await self.ledger.succeeds(more, seconds=seconds)

    def seen(self) -> Seen:
        """To be asked while the load is on: afterwards silence means nothing."""
        good, since, lines = self._good(), self._at[-1], self.ledger.lines
        tries = Counter(each for line in lines for each in line.unknown)
        answered = [line for line in lines if line.answered]
        return Seen(
            fault=self.name,
            first_success_s=round(
                min(line.answered for line in self.ledger.succeeded() if line.sent >= since) - since, 2
            ),
            longest_gap_s=round(max(later - earlier for earlier, later in itertools.pairwise(good)), 2),
            answers=dict(tries),
            commands=len(lines),
            slowest_s=round(max(line.answered - line.sent for line in answered), 2),
        )


class Trials:
    """All trials of one cluster; `write` puts what was seen at build/cluster.json."""

    def __init__(self, cluster: LoungeCluster) -> None:
        self.cluster = cluster
        self._slots = Slots()
        self._token = cluster.token(PERSON)
        self._seen: list[Seen] = []

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[Trial]:
        """Load while the context lasts; then everything heals and sent = answered = found = told = streamed."""
        ledger = Ledger(name.replace(" ", "-"), lambda: self.cluster.url, self._token, self._slots)
        trial = Trial(name, ledger)
        async with ledger.running(clients=8, per_second=PER_SECOND):
            await trial.succeeds(BEFORE)
            yield trial
            await trial.succeeds()
            self._seen.append(trial.seen())
        await self.cluster.healed()
        found = await ledger.audit()
        await self._streamed(found)
        assert self.cluster.ended() == [], f"ended by themselves: {self.cluster.ended()}"

    async def _streamed(self, found: Found) -> None:
        """Each entry of each history is on the stream once, on every server, and nothing was given up."""
        logged = Counter(
            f"evt.{entry['type'].removeprefix('org.link-j.')}.{booking}"
            for booking, entries in found.histories.items()
            for entry in entries
        )
        async with self.cluster.ops() as ops:
            js = ops.client.jetstream()
            events = await js.stream_info("EVENTS", subjects_filter="evt.booking.>")
            streamed = Counter(events.state.subjects or {})
            assert {subject: streamed[subject] for subject in logged} == dict(logged)
            copies = events.cluster.replicas or [] if events.cluster else []
            assert [copy.current for copy in copies] == [True, True], "EVENTS is not on three servers"
            assert (await js.stream_info("DLQ")).state.messages == 0

    def write(self) -> None:
        BUILD.mkdir(exist_ok=True)
        told = {"faults": [asdict(seen) for seen in self._seen]}
        (BUILD / "cluster.json").write_text(json.dumps(told, indent=1) + "\n")

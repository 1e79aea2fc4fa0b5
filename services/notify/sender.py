"""Sends what is due: at least once, and twice only where a crash fell between the server's yes and ours."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter

from services.notify.compose import Composer, Ready
from services.notify.domain.delivery import CODE_DELAY, LONGEST_DELAY, MOST_TRIES, Trouble, delay_after, is_final
from services.notify.domain.plan import Topic, is_newer
from services.notify.letter import AddressInvalid
from services.notify.smtp import Connection, NotSent
from services.notify.store import Endings
from services.notify.store.mails import Lane, Mails, Status
from shared.kernel.refusal import NotYetKnown
from shared.kernel.time import Clock
from shared.kit import telemetry
from shared.kit.crash import crashpoint
from shared.kit.log import correlated, get_logger

log = get_logger()
MAILS = Counter("lounge_mails", "Tries to send a mail", ("topic", "outcome"))
_IDLE_SECONDS = 1.0
"""How late at most a row is found that this replica was not nudged about: a retry, another replica's remains."""
_FINISH_SECONDS = 2.5
_GATHER_SECONDS = 0.02
"""How long those in hand may take to end together, so that the next are taken together: a lease costs a write."""
Connect = Callable[[], Connection]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How mails leave: connections made by `connect`, `at_once` per lane, from the address `sender`.

    `heard(True)` is called when the server took a mail, `heard(False)` when it could not be reached.
    """

    connect: Connect
    sender: str
    at_once: int
    heard: Callable[[bool], None]


class Sender:
    """One replica's sender; several share the rows by their leases."""

    def __init__(self, mails: Mails, endings: Endings, composer: Composer, outgoing: Outgoing, clock: Clock) -> None:
        self._mails = mails
        self._endings = endings
        self._composer = composer
        self._outgoing = outgoing
        self._clock = clock
        self._wakes = {lane: asyncio.Event() for lane in Lane}
        self._free: dict[Lane, list[Connection]] = {lane: [] for lane in Lane}

    def nudge(self, lane: Lane) -> None:
        """There is something new to send."""
        self._wakes[lane].set()

    async def run(self) -> None:
        """Until cancelled; mails in hand are then finished, so that a clean stop doubles nothing."""
        async with asyncio.TaskGroup() as lanes:
            for lane in Lane:
                lanes.create_task(self._work(lane))

    async def close(self) -> None:
        for connection in [c for free in self._free.values() for c in free]:
            await connection.close()

    async def _work(self, lane: Lane) -> None:
        """As many at a time as there are connections; what is taken is sent at once, for a lease is short."""
        in_hand: set[asyncio.Task[None]] = set()
        try:
            while True:
                if in_hand:
                    await asyncio.wait(in_hand, timeout=_GATHER_SECONDS)
                while len(in_hand) >= self._outgoing.at_once:
                    await asyncio.wait(in_hand, return_when=asyncio.FIRST_COMPLETED)
                for row in await self._next(lane, self._outgoing.at_once - len(in_hand)):
                    task = asyncio.create_task(self._deliver(row, lane))
                    in_hand.add(task)
                    task.add_done_callback(in_hand.discard)
        finally:
            if in_hand:
                await asyncio.wait(in_hand, timeout=_FINISH_SECONDS)

    async def _next(self, lane: Lane, most: int) -> list[dict[str, Any]]:
        """At least one, once there is one."""
        wake = self._wakes[lane]
        while True:
            wake.clear()
            try:
                rows = await self._mails.take(lane, most)
            except Exception as error:  # noqa: BLE001 — whatever it was, the next poll tries again
                log.warning("sender.not_taken", error=type(error).__name__)
                rows = []
            if rows:
                return rows
            try:
                await asyncio.wait_for(wake.wait(), _IDLE_SECONDS)
            except TimeoutError:
                continue

    async def _deliver(self, row: dict[str, Any], lane: Lane) -> None:
        trace = telemetry.resumed("mail", "client", row.get("traceparent"), topic=row["topic"])
        with correlated(row["correlationid"]), trace:
            try:
                await crashpoint("sender.after_claim")
                await self._try(row, lane)
            except Exception as error:
                log.exception("mail.failed", mail=row["_id"], error=type(error).__name__)

    async def _try(self, row: dict[str, Any], lane: Lane) -> None:
        now = self._clock.now()
        if "expires_at" in row and row["expires_at"] <= now:
            await self._end(row, Status.EXPIRED, None)
            return
        if await self._stale(row):
            await self._end(row, Status.DROPPED, "stale")
            return
        try:
            ready = await self._composer.mail(row, at=now)
            if ready is None or row.get("decoy"):
                await self._end(row, Status.DROPPED, "decoy" if ready else "recipient-gone")
                return
            await self._send(ready, lane)
        except NotYetKnown:
            await self._failed(row, Trouble("contact", None, "contact-unknown"))
        except AddressInvalid:
            await self._failed(row, Trouble("address", None, "address-invalid"))
        except NotSent as error:
            if error.trouble.stage == "connect":
                self._outgoing.heard(False)
            await self._failed(row, error.trouble)
        else:
            self._outgoing.heard(True)
            await crashpoint("sender.after_send_before_mark")
            await self._end(row, Status.SENT, None)

    async def _stale(self, row: dict[str, Any]) -> bool:
        """Whether it was overtaken while it waited; rows of an earlier version do not say of what they speak."""
        aggregate = row.get("aggregate")
        return aggregate is not None and is_newer(await self._endings.version(aggregate), row["of_version"])

    async def _send(self, ready: Ready, lane: Lane) -> None:
        free = self._free[lane]
        connection = free.pop() if free else self._outgoing.connect()
        try:
            await crashpoint("sender.before_send")
            await connection.send(ready.message, sender=self._outgoing.sender, to=ready.to)
        finally:
            free.append(connection)

    async def _end(self, row: dict[str, Any], status: Status, reason: str | None) -> None:
        await self._mails.end(row, status, at=self._clock.now(), reason=reason)
        MAILS.labels(row["topic"], status.value).inc()
        if status is Status.SENT:
            log.info("mail.sent", mail=row["_id"], topic=row["topic"], tries=row["tries"])
        else:
            log.info("mail.ended", mail=row["_id"], topic=row["topic"], status=status.value, reason=reason)

    async def _failed(self, row: dict[str, Any], trouble: Trouble) -> None:
        code = row["topic"] == Topic.SIGN_IN_CODE
        tries = min(row["tries"], MOST_TRIES - 1) if code else row["tries"]
        chance = random.random()  # noqa: S311 — jitter, not a secret
        delay = delay_after(tries, chance=chance, longest=CODE_DELAY if code else LONGEST_DELAY)
        if is_final(trouble) or delay is None:
            await self._end(row, Status.FAILED, trouble.reason)
            return
        await self._mails.again(row, delay, at=self._clock.now(), reason=trouble.reason)
        MAILS.labels(row["topic"], "again").inc()
        log.info("mail.again", mail=row["_id"], tries=row["tries"], stage=trouble.stage, reply=trouble.code)

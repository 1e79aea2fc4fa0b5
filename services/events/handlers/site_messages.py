"""The pipeline of what sites send, whatever the door: judge → remember the id → apply → quarantine → receipt."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from prometheus_client import Counter

from services.events.domain.incoming import Accepted, Judged, Quarantined, Reader, judge
from services.events.domain.seminar import Seminar, SeminarDecision, first_heard, heard_again, seminar_id
from services.events.store.seminars import Seminars
from services.events.store.site_messages import Arrival, Arrivals, Quarantine, Unusable
from shared.kernel.ids import derived_id
from shared.kernel.refusal import Busy, KeyReused, NotFound
from shared.kit.documents import Cause
from shared.kit.log import get_logger

log = get_logger()
QUARANTINED = Counter("lounge_quarantined", "Messages of a site that could not be used", ("site", "reason"))
Changed = Callable[[str, str], Awaitable[None]]
"""Told the id of each seminar that more or fewer may attend than before, after it was stored; the correlation id."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as its site's stream holds it. `delivery` names the stored message: the same at each redelivery."""

    site: str
    raw: bytes = field(repr=False)
    subject: str
    delivery: str
    stream_sequence: int
    received_at: datetime
    correlationid: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it; `reason` of the quarantine, or `older` or `duplicate`."""

    outcome: Literal["accepted", "ignored", "quarantined"]
    reason: str | None = None
    details: str | None = None
    event_id: str | None = None
    sequence: int | None = None
    dropped: tuple[str, ...] = ()


class SiteMessages:
    """Takes messages in. Everything in it may be run again with the same messages, and changes nothing then."""

    def __init__(
        self,
        seminars: Seminars,
        arrivals: Arrivals,
        quarantine: Quarantine,
        *,
        readers: Mapping[str, Reader],
        changed: Changed,
    ) -> None:
        self._seminars = seminars
        self._arrivals = arrivals
        self._quarantine = quarantine
        self._readers = readers
        self._changed = changed

    def judged(self, delivery: Delivery) -> Judged:
        """By the message alone; its time is held against when it came, so a late replay is not stale by itself."""
        return judge(
            delivery.raw,
            delivery.site,
            subject=delivery.subject,
            readers=self._readers,
            at=delivery.received_at,
        )

    async def take(self, deliveries: Sequence[Delivery], *, at: datetime) -> list[Verdict | Exception]:
        """For each what became of it, or what hindered it; the others are through. Raises where none could begin."""
        judged = [self._judged_or_failed(each) for each in deliveries]
        verdicts = await self._first_wins(deliveries, judged, at)
        by_seminar: dict[str, list[int]] = defaultdict(list)
        for n, (delivery, each) in enumerate(zip(deliveries, judged, strict=True)):
            if isinstance(each, Accepted) and verdicts[n] is None:
                by_seminar[seminar_id(delivery.site, each.read.stated.external_id)].append(n)

        async def in_order(places: list[int]) -> None:
            for n in places:
                verdicts[n] = await self._tried(deliveries[n], judged[n], at)

        await asyncio.gather(*(in_order(places) for places in by_seminar.values()))
        await self._keep(deliveries, judged, verdicts)
        return [v if v is not None else RuntimeError("no verdict") for v in verdicts]

    def _judged_or_failed(self, delivery: Delivery) -> Judged | Exception:
        try:
            return self.judged(delivery)
        except Exception as error:  # noqa: BLE001 — its neighbours go on; the caller's retry policy decides
            return error

    async def _first_wins(
        self, deliveries: Sequence[Delivery], judged: list[Judged | Exception], at: datetime
    ) -> list[Verdict | Exception | None]:
        """Remembers the ids; a second message with another content under the same id is a conflict."""
        ours = {
            n: Arrival(d.site, j.envelope.id, j.digest, d.delivery)
            for n, (d, j) in enumerate(zip(deliveries, judged, strict=True))
            if isinstance(j, Accepted)
        }
        holders = await self._arrivals.first(list(ours.values()), at=at)
        for (n, own), holder in zip(ours.items(), holders, strict=True):
            accepted = judged[n]
            if holder.digest != own.digest and isinstance(accepted, Accepted):
                e = accepted.envelope
                judged[n] = Quarantined(
                    "id-conflict", "this id came before, saying otherwise", e.id, e.type, e.sequence
                )
        return [_beforehand(each) for each in judged]

    async def _tried(self, delivery: Delivery, judged: Judged | Exception, at: datetime) -> Verdict | Exception:
        assert isinstance(judged, Accepted)
        try:
            return await self._applied(delivery, judged, at)
        except Exception as error:  # noqa: BLE001 — its neighbours go on; the caller's retry policy decides
            return error

    async def _applied(self, delivery: Delivery, accepted: Accepted, at: datetime) -> Verdict:
        envelope, stated = accepted.envelope, accepted.read.stated
        identity = seminar_id(delivery.site, stated.external_id)
        cause = Cause(
            operation=envelope.type.removeprefix("org.link-j."),
            actor=f"site-{delivery.site}",
            correlationid=delivery.correlationid or envelope.correlationid or envelope.id,
            key=derived_id("site-event", delivery.site, envelope.id),
            fingerprint=accepted.digest,
            causationid=envelope.id,
            kind="site",
        )
        came, seats_differ = await self._heard(identity, delivery.site, accepted, cause, at)
        if came == "before":
            arrival = Arrival(delivery.site, envelope.id, accepted.digest, delivery.delivery)
            first = (await self._arrivals.held([arrival.id])).get(arrival.id)
            came = "now" if first is None or first.delivery == delivery.delivery else "duplicate"
        if came == "now" and seats_differ:
            await self._changed(identity, cause.correlationid)
        outcome: Literal["accepted", "ignored"] = "accepted" if came == "now" else "ignored"
        reason = None if came == "now" else came
        return Verdict(outcome, reason, None, envelope.id, envelope.sequence, accepted.read.dropped)

    async def _heard(
        self, identity: str, site: str, accepted: Accepted, cause: Cause, at: datetime
    ) -> tuple[Literal["now", "before", "older", "duplicate"], bool]:
        """Whether this message had its effect now, had it before, or says nothing newer; and whether more or fewer
        may attend by it, or did so where it comes back.
        """
        stated, sequence = accepted.read.stated, accepted.envelope.sequence
        seats_differ = False

        def decide(seminar: Seminar) -> SeminarDecision:
            nonlocal seats_differ
            decision = heard_again(seminar, stated, sequence)
            seats_differ = decision.state.seats_differ(seminar)
            return decision

        for _ in range(3):
            try:
                stored, now = await self._seminars.change(identity, decide, cause, at=at)
            except NotFound:
                try:
                    stored = await self._seminars.add(first_heard(site, stated, sequence), cause, at=at)
                except KeyReused:
                    continue
                if not stored.replay:
                    return "now", False
            else:
                return ("before", True) if stored.replay else ("now" if now else "older", seats_differ)
        raise Busy

    async def _keep(
        self,
        deliveries: Sequence[Delivery],
        judged: Sequence[Judged | Exception],
        verdicts: Sequence[Verdict | Exception | None],
    ) -> None:
        rows = []
        for delivery, each, verdict in zip(deliveries, judged, verdicts, strict=True):
            if isinstance(each, Quarantined):
                rows.append(_unusable(delivery, each))
                level = log.warning if each.reason == "identity" else log.info
                QUARANTINED.labels(delivery.site, each.reason).inc()
                level("site.quarantined", site=delivery.site, reason=each.reason, sequence=delivery.stream_sequence)
            elif isinstance(verdict, Verdict) and verdict.dropped:
                log.info("site.fields_dropped", site=delivery.site, fields=",".join(verdict.dropped))
        await self._quarantine.keep(rows)


def _beforehand(judged: Judged | Exception) -> Verdict | Exception | None:
    """What is clear without anything having been applied."""
    if isinstance(judged, Quarantined):
        return Verdict("quarantined", judged.reason, judged.details, judged.event_id, judged.sequence)
    return judged if isinstance(judged, Exception) else None


def _unusable(delivery: Delivery, why: Quarantined) -> Unusable:
    return Unusable(
        site=delivery.site,
        delivery=delivery.delivery,
        raw=delivery.raw,
        subject=delivery.subject,
        stream_sequence=delivery.stream_sequence,
        received_at=delivery.received_at,
        reason=why.reason,
        details=why.details,
        event_id=why.event_id,
        type=why.type,
    )

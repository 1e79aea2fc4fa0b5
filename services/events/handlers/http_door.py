"""The HTTP door of a site: judged for the answer, then put on the site's own stream like everything it sends."""

import asyncio
import hashlib
from typing import Any, ClassVar

from services.events.domain.incoming import Accepted, Judged, Quarantined, judge, subject_of
from services.events.domain.parsing import BadText, canonical
from services.events.handlers.doors import CORRELATION
from services.events.handlers.reading import READERS
from services.events.handlers.rights import may_publish_for
from services.events.store.site_messages import Arrival, Arrivals
from shared.contracts.booking import SiteState
from shared.contracts.events import Ingest, IngestedView
from shared.contracts.message import Answer, Asked
from shared.contracts.topology import ingest_stream
from shared.kernel.refusal import Invalid, NotFound
from shared.kernel.text import Text
from shared.kernel.time import Clock
from shared.kit.answers import answer
from shared.kit.copies import Copy
from shared.kit.nats.publisher import NatsError, Publisher
from shared.kit.nats.request import Unavailable

LARGEST = 60 * 1024
"""Bytes of one message; the stream takes 64 KB with headers and subject."""
_AT_ONCE = 64


class EnvelopeMalformed(Invalid):
    """`errors` names each by its place in the batch; nothing of the batch was kept."""

    code: ClassVar[str] = "malformed-envelope"
    message = Text(
        ja="CloudEvents の封筒に誤りがあるため、すべて受け付けませんでした。",
        en="An envelope is no CloudEvent; nothing of the batch was kept.",
    )


class HttpDoor:
    """Takes a batch for one site."""

    def __init__(self, arrivals: Arrivals, *, sites: Copy[SiteState], publisher: Publisher, clock: Clock) -> None:
        self._arrivals = arrivals
        self._sites = sites
        self._publisher = publisher
        self._clock = clock

    async def ingest(self, ask: Asked[Ingest]) -> Answer:
        """202 once every message is on the site's stream. A batch repeated as a whole changes nothing."""
        site = ask.data.site
        may_publish_for(ask.principal, site)
        known = await self._sites.get(site)
        if known is None or not known.producer:
            raise NotFound(site=site)
        raws = [_raw(event) for event in ask.data.events]
        judged = [self._judged(raw, site) for raw in raws]
        _refuse_malformed(judged)
        conflicts = await self._conflicts(site, judged)
        await self._send(site, list(zip(raws, judged, strict=True)), ask.correlationid)
        quarantined = sum(isinstance(each, Quarantined) for each in judged) + conflicts
        return answer(IngestedView(accepted=len(judged) - quarantined, quarantined=quarantined), status=202)

    def _judged(self, raw: bytes, site: str) -> Judged:
        if len(raw) > LARGEST:
            return Quarantined("malformed", "larger than 60 KB")
        return judge(raw, site, subject=None, readers=READERS, at=self._clock.now())

    async def _conflicts(self, site: str, judged: list[Judged]) -> int:
        """How many say otherwise than an accepted message of the same id, within the batch or before it."""
        ours = [Arrival(site, j.envelope.id, j.digest, "") for j in judged if isinstance(j, Accepted)]
        held = await self._arrivals.held([a.id for a in ours])
        said = {identity: arrival.digest for identity, arrival in held.items()}
        return sum(said.setdefault(a.id, a.digest) != a.digest for a in ours)

    async def _send(self, site: str, batch: list[tuple[bytes, Judged]], correlationid: str) -> None:
        """In order. The message id is the content's: a repeated batch is stored once, and no conflict is hidden."""
        try:
            for start in range(0, len(batch), _AT_ONCE):
                await asyncio.gather(
                    *(self._one(site, raw, judged, correlationid) for raw, judged in batch[start : start + _AT_ONCE])
                )
        except (NatsError, TimeoutError) as error:
            raise Unavailable from error

    async def _one(self, site: str, raw: bytes, judged: Judged, correlationid: str) -> None:
        event = judged.envelope if isinstance(judged, Accepted) else judged
        await self._publisher.publish(  # lint: allow publish-in-kit — the site's input, not an event of ours
            f"ingest.{site}.{subject_of(event.type)}",
            raw,
            stream=ingest_stream(site).name,
            msg_id=hashlib.blake2b(raw, digest_size=16).hexdigest(),
            headers={CORRELATION: correlationid},
        )


def _raw(event: Any) -> bytes:
    try:
        return canonical(event)
    except BadText:
        return b""


def _refuse_malformed(judged: list[Judged]) -> None:
    wrong = [
        {"index": n, "code": each.reason, "detail": each.details}
        for n, each in enumerate(judged)
        if isinstance(each, Quarantined) and each.reason in ("malformed", "envelope")
    ]
    if wrong:
        raise EnvelopeMalformed(errors=wrong[:20])

"""What every replica answers to ops: its status (all of them); `republish` and `migrate` (one of them)."""

import asyncio
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from nats.errors import Error as NatsError

from shared.contracts.ops import (
    Migrate,
    Migrated,
    ReplicaStatus,
    Republish,
    Republished,
    migrate_subject,
    republish_subject,
    status_subject,
)
from shared.kernel.refusal import NotFound
from shared.kit.answers import answer, dumped
from shared.kit.documents.migrating import page_of
from shared.kit.nats.commands import read
from shared.kit.zones import rules_of_zones

if TYPE_CHECKING:
    from shared.kit.service import Service

_PATIENCE_SECONDS = 0.7
"""Those who ask wait a second for the first answer; a stream without a leader is asked about in vain."""


async def status(service: "Service") -> ReplicaStatus:
    """The replica as it is now, and all the more while one of its servers is away: what that one knows is left out."""
    unsent, oldest = {}, 0.0
    for name, relay in service.relays.items():
        if not service.gate.closed:
            unsent[name], age = await relay.unsent()
            oldest = max(oldest, age)
    return ReplicaStatus(
        service=service.name,
        replica=service.settings.replica,
        pid=os.getpid(),
        ready=service.health.ready,
        health=service.health.report(),
        lag=await _lag(service),
        unsent=unsent,
        oldest_unsent_seconds=round(oldest, 3),
        uptime_seconds=round(time.monotonic() - service.started, 3),
        forms={name: documents.forms.newest for name, documents in service.stored.items()},
        clocks=await asyncio.to_thread(rules_of_zones),
    )


async def _lag(service: "Service") -> dict[str, int]:
    try:
        return await asyncio.wait_for(service.lag(), _PATIENCE_SECONDS)
    except (TimeoutError, NatsError):
        return {}


def answer_status(service: "Service") -> None:
    """Subscribes them; called before the routers are included."""

    async def tell(_: bytes) -> bytes:
        return dumped(answer(await status(service)))

    async def republish(body: bytes) -> bytes:
        wanted = read(Republish, body)
        entries = documents = 0
        for relay in service.relays.values():
            if wanted.since is not None:
                entries += await relay.republish(wanted.since)
            if wanted.states:
                documents += await relay.restate()
        return dumped(answer(Republished(entries=entries, documents=documents)))

    async def migrate(body: bytes) -> bytes:
        wanted = read(Migrate, body)
        documents = service.stored.get(wanted.collection)
        if documents is None:
            raise NotFound
        page = await page_of(documents, wanted.after, dry_run=wanted.dry_run)
        return dumped(answer(Migrated.model_validate(asdict(page))))

    service.commands.plain(status_subject(service.name), "")(tell)
    service.commands.plain(republish_subject(service.name), service.name)(republish)
    service.commands.plain(migrate_subject(service.name), service.name)(migrate)

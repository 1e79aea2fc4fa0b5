"""`lounge migrate`: what stands in an older form is rewritten, page by page, by the services themselves."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from deploy.cli.asking import replicas_of
from deploy.cli.finding import ops_of
from deploy.ops import Ops
from deploy.trouble import CannotStart, NotDone
from deploy.waiting import busy
from shared.contracts.ops import Migrate, Migrated, ReplicaStatus, migrate_subject
from shared.contracts.topology import SERVICES

_PAGE_SECONDS = 60.0
_QUIET_SECONDS = 1.0
"""A replica that is slow to answer must not be overlooked."""


def migrate(data: Path, service: str | None, *, dry_run: bool) -> list[dict[str, Any]]:
    """For each collection that has had more than one form: how many stood in which, what was rewritten, what failed.

    Raises NotDone where replicas of different versions run: an old one could put back what a new one rewrote.
    """
    if service is not None and service not in SERVICES:
        raise CannotStart(f"There is no service {service!r}; these have documents: {', '.join(SERVICES)}.")

    async def ask() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            return [row for each in ([service] if service else SERVICES) for row in await _of(ops, each, dry_run)]

    with busy("Asking the replicas") as say:

        async def _of(ops: Ops, name: str, dry_run: bool) -> list[dict[str, Any]]:
            forms = agreed(name, await replicas_of(ops, name, quiet=_QUIET_SECONDS), dry_run=dry_run)
            rows = []
            for collection, newest in forms.items():
                if newest > 1:
                    say(f"{name}.{collection}")
                    rows.append(await _collection(ops, name, collection, newest, dry_run=dry_run))
            return rows

        return asyncio.run(ask())


def agreed(service: str, replicas: Sequence[ReplicaStatus], *, dry_run: bool) -> Mapping[str, int]:
    """The newest form of each collection, as all replicas know it. Raises NotDone."""
    if not replicas:
        raise NotDone(f"The service {service} does not run.", code="unavailable")
    newest = max((each.forms for each in replicas), key=lambda forms: sum(forms.values()))
    behind = [f"{service}-{each.replica}" for each in replicas if each.forms != newest]
    if behind and not dry_run:
        raise NotDone(f"{' and '.join(behind)} run another version: roll it out first, then migrate.", code="mixed")
    return newest


async def _collection(ops: Ops, service: str, name: str, newest: int, *, dry_run: bool) -> dict[str, Any]:
    forms: dict[int, int] = {}
    rewritten, raced, faults, after = 0, 0, list[tuple[str, str]](), None
    while True:
        page = await _page(ops, service, Migrate(collection=name, after=after, dry_run=dry_run))
        for form, count in page.forms.items():
            forms[form] = forms.get(form, 0) + count
        rewritten, raced = rewritten + page.rewritten, raced + page.raced
        faults += page.faults
        if (after := page.next) is None:
            break
    return {
        "service": service,
        "collection": name,
        "newest": newest,
        "found": {str(form): count for form, count in sorted(forms.items())},
        "rewritten": rewritten,
        "raced": raced,
        "faults": [f"{doc_id}: {error}" for doc_id, error in faults],
    }


async def _page(ops: Ops, service: str, wanted: Migrate) -> Migrated:
    answer = orjson.loads(
        await ops.raw(migrate_subject(service), wanted.model_dump_json().encode(), seconds=_PAGE_SECONDS)
    )
    if problem := answer.get("problem"):
        raise NotDone(f"{service}.{wanted.collection}: {problem['message']['en']}", code=problem["code"])
    return Migrated.model_validate(answer["data"])

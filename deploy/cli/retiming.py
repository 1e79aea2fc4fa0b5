"""`lounge retime`: what is to come keeps its wall time under new rules of time zones; booking does it, turn by turn."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.cli.asking import replicas_of
from deploy.cli.finding import ops_of, worded
from deploy.ops import Ops
from deploy.trouble import NotDone
from deploy.waiting import busy
from shared.contracts.booking import GetSite, ListSites, RetimeBookings
from shared.contracts.ops import ReplicaStatus

_TURN_SECONDS = 60.0
_QUIET_SECONDS = 1.0
"""A replica that is slow to answer must not be overlooked."""


def retime(data: Path, site: str | None, *, dry_run: bool) -> list[dict[str, Any]]:
    """`{site, looked_at, anchored_elsewhere, moved, stayed}` of each site; `stayed` as the contract has them.

    Raises NotDone where replicas go by different rules: an old one would move back what a new one moved.
    """

    async def ask() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            agreed(await replicas_of(ops, "booking", quiet=_QUIET_SECONDS))
            rows = []
            for each in await _sites(ops, site):
                say(each)
                rows.append(await _retimed(ops, each, dry_run=dry_run))
            return rows

    with busy("Asking the replicas") as say:
        return asyncio.run(ask())


def agreed(replicas: Sequence[ReplicaStatus]) -> None:
    """Raises NotDone unless all replicas of booking go by the same rules of time zones."""
    if not replicas:
        raise NotDone("The service booking does not run.", code="unavailable")
    if len({each.clocks for each in replicas}) > 1:
        raise NotDone(
            "The replicas of booking go by different rules of time zones: finish the roll-out first, then retime.",
            code="mixed",
        )


async def _sites(ops: Ops, site: str | None) -> list[str]:
    if site is not None:
        return [str((await ops.ask(worded(GetSite, id=site)))["id"])]
    found, after = list[str](), None
    while True:
        page = await ops.ask(ListSites(after=after))
        found += [each["id"] for each in page["items"]]
        if (after := page["next"]) is None:
            return found


async def _retimed(ops: Ops, site: str, *, dry_run: bool) -> dict[str, Any]:
    """All its turns: how many were looked at in the first, what stays after the last."""
    wanted, rows = RetimeBookings(site=site, dry_run=dry_run), list[dict[str, Any]]()
    while not rows or rows[-1]["more"]:
        rows.append(await ops.ask(wanted, seconds=_TURN_SECONDS))
    first, last = rows[0], rows[-1]
    facts = {name: first[name] for name in ("site", "looked_at", "anchored_elsewhere")}
    return facts | {"moved": sum(row["moved"] for row in rows), "stayed": last["stayed"]}

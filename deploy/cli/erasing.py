"""Who was forgotten, and forgetting them again where an older back-up brought them back."""

import asyncio
import json
from pathlib import Path
from typing import Any

from deploy.cli.finding import ops_of
from deploy.ops import Ops
from deploy.trouble import CannotStart, NotDone
from deploy.waiting import busy
from shared.contracts.members import EraseMember, ListErasures

_AGAIN = "Erased before; an older back-up was restored."


def listed(data: Path) -> list[dict[str, Any]]:
    """Every erasure as its certificate says it."""

    async def ask() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            return await _all(ops)

    return asyncio.run(ask())


def replayed(data: Path, source: Path) -> list[dict[str, Any]]:
    """Each member of a list that was kept apart: `{member, outcome}`, `asked` where they were there."""
    members = _members(source)

    async def ask() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            done = {each["member"] for each in await _all(ops)}
            return [{"member": each, "outcome": await _again(ops, each, done)} for each in members]

    with busy("Forgetting again"):
        return asyncio.run(ask())


async def _all(ops: Ops) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await ops.ask(ListErasures(limit=100, after=after))
        found += page["items"]
        if (after := page["next"]) is None:
            return found


async def _again(ops: Ops, member: str, done: set[str]) -> str:
    if member in done:
        return "known"
    try:
        await ops.ask(EraseMember(id=member, reason=_AGAIN))
    except NotDone as refused:
        if refused.code != "not-found":
            raise
        return "not there"
    return "asked"


def _members(source: Path) -> list[str]:
    try:
        return [str(each["member"]) for each in json.loads(source.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError):
        raise CannotStart(f"{source} is not what `lounge erasures list --json` printed.") from None

"""What JetStream has stored, and how much it may."""

import asyncio
import re
from pathlib import Path
from typing import Any

from deploy.cli.finding import ops_of
from deploy.installed import installed, reload
from deploy.nats.system import system_account
from deploy.trouble import CannotStart, NotDone

_SIZE = re.compile(r"([1-9][0-9]{0,14})([KMGT]?)")
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


def size(text: str) -> int:
    """`20G` in bytes. Raises CannotStart."""
    if not (match := _SIZE.fullmatch(text.upper())):
        raise CannotStart(f"{text!r} is no size: write it like 20G, 512M, or in bytes.")
    return int(match[1]) << _UNITS[match[2]]


def stored(data: Path, limit: str | None) -> dict[str, Any]:
    """`{servers: [{server, stored, limit}], streams: [{stream, messages, bytes}]}`, after the limit is changed."""
    room = size(limit) if limit else None

    async def work() -> dict[str, Any]:
        place = installed(data)
        async with system_account(place.url, place.keys.seed_file("monitor")) as system:
            servers = await system.stored()
            if room:
                _only_more(room, servers)
                await reload(place, room=room)
                servers = await system.stored()
        async with ops_of(data) as ops:
            infos = await ops.client.jetstream().streams_info()
        streams = [{"stream": i.config.name, "messages": i.state.messages, "bytes": i.state.bytes} for i in infos]
        return {"servers": servers, "streams": sorted(streams, key=lambda each: -each["bytes"])}

    return asyncio.run(work())


def _only_more(room: int, servers: list[dict[str, Any]]) -> None:
    """nats-server takes a larger limit while it runs, and no smaller one."""
    largest = max((each["limit"] for each in servers), default=0)
    if room < largest:
        raise NotDone(
            f"{room} bytes are less than the {largest} there are: a smaller limit is set at a start, by "
            "LOUNGE_NATS_STORE_BYTES.",
            code="smaller",
        )

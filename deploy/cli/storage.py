"""What JetStream has stored, and how much it may."""

import asyncio
from pathlib import Path
from typing import Any

from deploy.cli.finding import ops_of
from deploy.installed import installed, reload
from deploy.nats.system import system_account
from deploy.told import size
from deploy.trouble import CannotStart, NotDone


def stored(data: Path, limit: str | None) -> dict[str, Any]:
    """`{servers: [{server, stored, limit}], streams: [{stream, messages, bytes}]}`, after the limit is changed."""
    try:
        room = size(limit) if limit else None
    except ValueError as error:
        raise CannotStart(str(error)) from None

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

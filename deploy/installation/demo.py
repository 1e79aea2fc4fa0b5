"""`python -m deploy.installation.demo`: the demonstration data of `lounge up`, said to the running services."""

import asyncio

from deploy.embedded.demo import furnish
from deploy.installation import rooms
from deploy.ops import connected
from deploy.told import refuse_unknown
from deploy.trouble import plainly
from shared.kit.clock import SystemClock


async def main() -> None:
    refuse_unknown()
    async with connected(rooms.nats_url(), rooms.nats_keys().seed_file("ops"), SystemClock()) as ops:
        await furnish(ops)


if __name__ == "__main__":
    with plainly():
        asyncio.run(main())

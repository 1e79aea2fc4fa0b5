"""While MongoDB is away nothing is fetched, so an outage does not use up a message's tries."""

import asyncio


class Gate:
    """Open unless an outage closed it; the health probe opens it again, and closes it when it finds MongoDB away."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @property
    def closed(self) -> bool:
        return not self._open.is_set()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def passed(self) -> None:
        """Returns at once while open."""
        await self._open.wait()

"""When a replica's copies are full: they have reached what their streams had, and hold what they need."""

import asyncio
from collections.abc import Mapping
from typing import Any

from nats.js.api import ConsumerInfo

from shared.contracts.topology import Durable
from shared.kit.copies import Copy
from shared.kit.metrics import COPY_LAG
from shared.kit.nats.broker import LoungeBroker

_LOOK_SECONDS = 0.05


class Reaching:
    """One durable's way to the last state its stream had, by what the server says of the durable.

    A service may ask neither for others' states nor for the stream. So what has to be reached is what was delivered
    last at the first moment at which nothing was left to deliver: all there was at the start, and little more. It is
    reached once that one and all before it are acknowledged, whatever arrives meanwhile.
    """

    def __init__(self) -> None:
        self._last: int | None = None

    def reached(self, info: ConsumerInfo) -> bool:
        """To be asked until it is so."""
        if self._last is None and not info.num_pending:
            self._last = _sequence(info.delivered)
        if self._last is None:
            return False
        return not info.num_ack_pending or _sequence(info.ack_floor) >= self._last


def _sequence(place: Any) -> int:
    return int(place.stream_seq) if place is not None else 0


async def caught_up(copies: Mapping[Durable, Copy[Any]], broker: LoungeBroker) -> None:
    """Returns once every copy is full. Raises nats-py's errors where a durable cannot be asked about."""
    ways = {durable: Reaching() for durable in copies}
    while ways:
        for durable, way in list(ways.items()):
            info = await info_of(durable, broker)
            COPY_LAG.labels(durable.name).set(lag_of(info))
            if way.reached(info) and await copies[durable].complete():
                del ways[durable]
        if ways:
            await asyncio.sleep(_LOOK_SECONDS)


async def info_of(durable: Durable, broker: LoungeBroker) -> ConsumerInfo:
    """The durable as it is now."""
    js: Any = broker.config.connection_state.stream
    info: ConsumerInfo = await js.consumer_info(durable.stream, durable.name)
    return info


def lag_of(info: ConsumerInfo) -> int:
    """Messages not yet delivered, or delivered and not yet acknowledged."""
    return int(info.num_pending or 0) + int(info.num_ack_pending or 0)

"""What answering one request costs: the commands a service sent to MongoDB and the messages it sent to NATS for it.

Counted where they leave, by the driver's own monitoring and at the client's `publish`; attributed by the correlation id
that the kit binds while it handles a request, so that what the service does beside it is not counted.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import monitoring
from structlog.contextvars import get_contextvars

from shared.kit.log import correlate
from shared.kit.nats import commands
from shared.kit.service import Service

_OF_THE_SESSION = {"lsid", "$clusterTime", "$db", "txnNumber"}


def shape(value: Any) -> Any:
    """What kind of thing it is: its names, and in the place of each value its type."""
    if isinstance(value, Mapping):
        return {name: shape(each) for name, each in value.items() if name not in _OF_THE_SESSION}
    if isinstance(value, list | tuple):
        return [shape(each) for each in value]
    return type(value).__name__


class _Watch(monitoring.CommandListener):
    """Of all clients made since it was registered."""

    def __init__(self) -> None:
        self.heard: dict[str, list[Any]] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        correlation = get_contextvars().get("correlationid")
        if self.heard is not None and correlation is not None:
            name = event.command_name
            self.heard[correlation].append((name, event.command[name], shape(event.command)))

    def succeeded(self, _: monitoring.CommandSucceededEvent) -> None:
        """Nothing more is to be known of it."""

    def failed(self, _: monitoring.CommandFailedEvent) -> None:
        """Likewise."""


_WATCH = _Watch()
monitoring.register(_WATCH)


class Costs:
    """By correlation id."""

    def __init__(self) -> None:
        self.commands: dict[str, list[Any]] = defaultdict(list)
        self.correlations: dict[Any, str] = {}
        self._sent: list[tuple[Any, str, bytes]] = []

    def watch(self, service: Service) -> None:
        """From now on also what this service sends to NATS. Once it is connected."""
        client: Any = service.broker.config.connection_state.connection
        publish = client.publish

        async def watched(subject: str, payload: bytes = b"", *more: Any, **options: Any) -> None:
            self._sent.append((asyncio.current_task(), subject, payload))
            await publish(subject, payload, *more, **options)

        client.publish = watched

    def messages(self, correlation: str) -> list[tuple[str, bytes]]:
        """Subject and payload of each that left in the task that handled the request, its reply among them."""
        return [
            (subject, payload) for task, subject, payload in self._sent if self.correlations.get(task) == correlation
        ]


@contextmanager
def counted() -> Iterator[Costs]:
    """Counts what is asked meanwhile, of services that are made meanwhile."""
    costs, patch = Costs(), pytest.MonkeyPatch()

    def noted(correlationid: str) -> None:
        costs.correlations[asyncio.current_task()] = correlationid
        correlate(correlationid)

    _WATCH.heard = costs.commands
    patch.setattr(commands, "correlate", noted)
    try:
        yield costs
    finally:
        patch.undo()
        _WATCH.heard = None

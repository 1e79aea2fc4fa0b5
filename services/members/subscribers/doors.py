"""Where people ask members: each handler is asked by whom they are now, whatever their token says."""

from collections.abc import Callable
from dataclasses import dataclass

from services.members.handlers.as_they_are import AsTheyAre
from shared.contracts.message import Command, Query
from shared.kit.nats.commands import Handler
from shared.kit.service import Service


@dataclass(frozen=True, slots=True)
class Doors:
    """`service` itself is for signing in and what gateways ask for themselves: there nobody has a name yet."""

    service: Service
    asker: AsTheyAre

    def command(self, model: type[Command | Query]) -> Callable[[Handler], Handler]:
        """Decorates `async def f(ask: Asked[model]) -> Answer`."""

        def wire(handler: Handler) -> Handler:
            return self.service.command(model)(self.asker.before(handler))

        return wire

"""`python -m tests.support.thing_service`: one replica of the kit's tiny service, to be killed.

It makes things by command, by state (booking's durable for members), and changes them by timer.
"""

import asyncio
from typing import Any

from faststream import AckPolicy

from shared.contracts.message import Answer, Asked
from shared.kernel.ids import derived_id
from shared.kit import ticker
from shared.kit.answers import answer
from shared.kit.documents import Cause, Documents, Draft
from shared.kit.nats.retry import Permanent
from shared.kit.service import Received, Service, run
from shared.kit.settings import KitSettings
from tests.support.things import MakeThing, ThingMade, state_of, thing, view_of

LEASE_MS = 500
DURABLE = "booking__member"
TIMED = "timed"
"""A thing of this name is due at once; its timer adds an event and disarms."""
CLOSE = "close"
"""The command that closes the client for good, as nobody should."""


def id_of(key: str) -> str:
    return derived_id("ana", MakeThing.wire, key)


class Handlers:
    def __init__(self, service: Service, things: Documents) -> None:
        self.service = service
        self.things = things
        self.closing: asyncio.Task[None] | None = None

    async def make_thing(self, ask: Asked[MakeThing]) -> Answer:
        if ask.data.name == CLOSE:
            self.closing = asyncio.create_task(self.service.broker.config.connection_state.connection.close())
        now = self.service.clock.now()
        due = (now, "remind") if ask.data.name == TIMED else None
        draft = thing(ask.data.name, f"name|{ask.data.name}", due=due)
        stored = await self.things.insert(id_of(ask.key or ""), "nyc", draft, Cause.of(ask), at=now)
        return answer(view_of(stored.doc), status=201, replay=stored.replay)

    async def on_said(self, event: Received[ThingMade]) -> None:
        if event.data.name == "poison":
            raise Permanent("foreign")
        cause = Cause.caused_by(event.event, "on_said", "booking")
        doc_id = derived_id("said", event.event.id)
        await self.things.insert(doc_id, "nyc", thing(event.data.name), cause, at=self.service.clock.now())

    async def remind(self, doc: dict[str, Any]) -> None:
        def reminded(current: dict[str, Any]) -> Draft:
            return thing(current["name"], *current["claims"])

        cause = Cause("remind", "timer", f"timer-{doc['_id']}", key=f"{doc['version']}", fingerprint="timer")
        await self.things.change(doc["_id"], reminded, cause, at=self.service.clock.now())


def build(settings: KitSettings) -> Service:
    """The tiny service, as an `app.build` would be."""
    service = Service("booking", settings)
    handlers = Handlers(service, service.documents("things", states=state_of))
    service.command(MakeThing)(handlers.make_thing)
    service.event(stream="STATE", durable=DURABLE, model=ThingMade, ack_policy=AckPolicy.NACK_ON_ERROR, workers=1)(
        handlers.on_said
    )
    service.ticker("things", {"remind": handlers.remind})
    return service


if __name__ == "__main__":
    ticker.LEASE_MS = LEASE_MS
    run(lambda: build(KitSettings()))

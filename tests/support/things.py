"""What the tiny service of the kit's own tests speaks of: things, outside the registry of contracts."""

from typing import Any, ClassVar

from shared.contracts.message import Command, Event, State, View
from shared.kit.documents import Cause, Draft


class ThingMade(Event):
    """An event of these tests, outside the registry."""

    wire: ClassVar[str] = "booking.thing_made.v1"
    name: str


class ThingState(State):
    """The state of a thing of these tests."""

    wire: ClassVar[str] = "booking.thing.v1"
    id: str
    sequence: int
    erased: bool = False
    name: str = ""


class ThingView(View):
    id: str
    version: int
    name: str


class MakeThing(Command):
    """Makes a thing; what else it does is up to the test's handler, told by `name`."""

    wire: ClassVar[str] = "cmd.booking.make_thing.v1"
    service: ClassVar[str] = "booking"
    name: str


def thing(name: str, *claims: str, events: int = 1, **more: Any) -> Draft:
    return Draft({"name": name}, [ThingMade(name=f"{name}-{n}") for n in range(events)], claims, **more)


def cause(key: str | None = None, *, fingerprint: str | None = None, **more: Any) -> Cause:
    return Cause("cmd.booking.make_thing.v1", "ana", "corr-1", key=key, fingerprint=fingerprint or key, **more)


def state_of(doc: dict[str, Any]) -> list[State]:
    return [ThingState(id=doc["_id"], sequence=doc["version"], name=doc["name"])]


def view_of(doc: dict[str, Any]) -> ThingView:
    return ThingView(id=doc["_id"], version=doc["version"], name=doc["name"])

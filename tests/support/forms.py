"""Things in two forms: what is derived from their name, and a name that is called otherwise."""

from collections.abc import Mapping
from typing import Any

from shared.kit.documents import Documents, Draft, Forms, Step
from shared.kit.service import Service
from tests.support.things import ThingMade


def _shout(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {**doc, "shout": doc["name"].upper()}


def _label(doc: Mapping[str, Any]) -> dict[str, Any]:
    """A rename: `name` is gone, `label` may be changed by itself from then on."""
    return {k: v for k, v in doc.items() if k != "name"} | {"label": doc["name"]}


SHOUT, LABEL = Step(_shout, derived=True), Step(_label)


def in_form(service: Service, *steps: Step) -> Documents:
    """The things as a version that knows these steps has them."""
    relay = service.relays["things"]
    return Documents(
        service.collection("things"), service.collection("things_history"), service.clock, relay.nudge, Forms(steps)
    )


def shouting(name: str, *, events: int = 1) -> Draft:
    return Draft({"name": name, "shout": name.upper()}, [ThingMade(name=name) for _ in range(events)])


async def stored(things: Documents, doc_id: str) -> dict[str, Any]:
    """As it stands, in whatever form."""
    doc: dict[str, Any] | None = await things.collection.find_one({"_id": doc_id})
    assert doc is not None
    return doc


async def none_unsent(things: Documents, but: str) -> bool:
    return bool(await things.collection.count_documents({"unsent": True, "_id": {"$ne": but}}) == 0)


async def all_sent(service: Service) -> bool:
    return await none_unsent(service.stored["things"], "")

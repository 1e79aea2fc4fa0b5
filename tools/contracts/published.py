"""Every contract there is, by its wire name, with its schema. The models are the truth; the rest is made from them."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

import shared.contracts
from shared.contracts.events import Receipt, SiteInput
from shared.contracts.message import Command, Event, Message, Query, State

Kind = Literal["command", "query", "reply", "event", "state", "input", "receipt"]
Mode = Literal["validation", "serialization"]
VALIDATION: Mode = "validation"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Contract:
    """One type on the wire. `name` is its wire name; a reply's is that of its question and `.reply`."""

    name: str
    kind: Kind
    model: type[BaseModel]

    @property
    def mode(self) -> Mode:
        """A schema says what a reader must accept; of a reply, what its reader will always find."""
        return "serialization" if self.kind == "reply" else VALIDATION

    def schema(self) -> dict[str, Any]:
        schema = TypeAdapter(self.model).json_schema(mode=self.mode)
        return {
            "$schema": DIALECT,
            "$id": f"urn:link-j:lounge:{self.name}",
            "x-kind": self.kind,
            **without_titles(schema),
        }


def contracts() -> dict[str, Contract]:
    """By name, in its order; every module of `shared.contracts` has been imported for it."""
    for module in pkgutil.walk_packages(shared.contracts.__path__, "shared.contracts."):
        importlib.import_module(module.name)
    found = [each for wire, model in Message.registry.items() for each in _of(wire, model)]
    found.append(Contract("receipt.v1", "receipt", Receipt))
    return {each.name: each for each in sorted(found, key=lambda each: each.name)}


def _of(wire: str, model: type[Message]) -> Iterator[Contract]:
    kinds: tuple[tuple[type[Message], Kind], ...] = (
        (Command, "command"),
        (Query, "query"),
        (Event, "event"),
        (State, "state"),
        (SiteInput, "input"),
    )
    yield Contract(wire, next(kind for parent, kind in kinds if issubclass(model, parent)), model)
    if issubclass(model, Command | Query) and model.reply is not None:
        yield Contract(f"{wire}.reply", "reply", model.reply)


def without_titles(node: Any) -> Any:
    """Without the titles Pydantic makes up from names, and with sets in one order."""
    if isinstance(node, dict):
        kept = {
            key: without_titles(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))
        }
        if kept.get("uniqueItems") and isinstance(kept.get("default"), list):
            kept["default"] = sorted(kept["default"])
        return kept
    return [without_titles(each) for each in node] if isinstance(node, list) else node

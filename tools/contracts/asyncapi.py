"""AsyncAPI 3 of everything that travels over NATS, from the registry and the topology; replies included."""

import inspect
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.contracts.message import Answer, Asked, CloudEvent, Command, Query
from shared.contracts.topology import DURABLES
from tools.contracts.published import VALIDATION, Contract, Mode, without_titles
from tools.contracts.samples import cloud_event, sample

SCHEMAS = "#/components/schemas/"
INFO = {
    "title": "LINK-J Lounge, messages",
    "version": "1",
    "description": (
        "Commands and queries are core NATS requests: the body is `Asked`, the reply `Answer`. Events, states and "
        "what sites send are CloudEvents 1.0 in structured JSON on JetStream. docs/contracts.md says what may change."
    ),
}


def asyncapi(contracts: Iterable[Contract]) -> dict[str, Any]:
    """The whole document. Deterministic: the same contracts give the same text."""
    known = list(contracts)
    references, schemas = _schemas(known)
    top = [each for each in known if each.kind != "reply"]
    parts = [_asked(each, references) if each.kind in ("command", "query") else _told(each, references) for each in top]
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": INFO,
        "defaultContentType": "application/json",
        "servers": {"hub": {"host": "127.0.0.1:4222", "protocol": "nats", "description": "an nkey per client"}},
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "schemas": schemas},
    }
    for channels, operations, messages in parts:
        document["channels"].update(channels)
        document["operations"].update(operations)
        document["components"]["messages"].update(messages)
    return document


Part = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""Channels, operations and messages that one contract contributes."""


References = dict[str, dict[str, Any]]
"""Where the schema of a contract stands in the document, by the contract's name."""


def _asked(contract: Contract, references: References) -> Part:
    name = contract.name
    answer = f"{name}.answer"
    request = _message(contract, "Asked", references, {"data": sample(contract)})
    data = references.get(f"{name}.reply", {"type": "null"})
    messages = {
        name: request,
        answer: {
            "name": answer,
            "title": f"{contract.model.__name__}, answered",
            "contentType": "application/json",
            "payload": {"allOf": [{"$ref": f"{SCHEMAS}Answer"}, {"type": "object", "properties": {"data": data}}]},
        },
    }
    channels = {
        name: {"address": name, "messages": {name: _component(name)}, "description": _described(contract.model)},
        answer: {"address": None, "messages": {answer: _component(answer)}, "description": "The caller's own inbox."},
    }
    operation = {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{_pointer(name)}"},
        "messages": [{"$ref": f"#/channels/{_pointer(name)}/messages/{_pointer(name)}"}],
        "reply": {
            "channel": {"$ref": f"#/channels/{_pointer(answer)}"},
            "messages": [{"$ref": f"#/channels/{_pointer(answer)}/messages/{_pointer(answer)}"}],
        },
        "bindings": {"nats": {"queue": name.split(".")[1]}},
    }
    return channels, {name: operation}, messages


def _told(contract: Contract, references: References) -> Part:
    address, parameters, stream, action = _place(contract)
    name = contract.name
    channel = {
        "address": address,
        "messages": {name: _component(name)},
        "description": _described(contract.model),
        "x-stream": stream,
        "x-durables": sorted(each.name for each in DURABLES if each.filter.removesuffix(">") == address.split("{")[0]),
    }
    if parameters:
        channel["parameters"] = {key: {"description": text} for key, text in parameters.items()}
    operation = {"action": action, "channel": {"$ref": f"#/channels/{_pointer(name)}"}}
    if contract.kind == "receipt":
        message = {"name": name, "contentType": "application/json", "payload": references[name]}
        return {name: channel}, {name: operation}, {name: {**message, "examples": [{"payload": sample(contract)}]}}
    return (
        {name: channel},
        {name: operation},
        {name: _message(contract, "CloudEvent", references, cloud_event(contract))},
    )


def _place(contract: Contract) -> tuple[str, dict[str, str], str, str]:
    """Subject, its parameters, its stream, and whether the house sends or receives there."""
    match contract.kind:
        case "event":
            return f"evt.{contract.name}.{{id}}", {"id": "the aggregate's id"}, "EVENTS", "send"
        case "state":
            return f"state.{contract.name}.{{id}}", {"id": "the thing's id"}, "STATE", "send"
        case "input":
            return f"events.org.link-j.{contract.name}", {}, "INGEST_<site>, as ingest.<site>.<type>", "receive"
        case "receipt":
            return "receipts.{id}", {"id": "the event's id"}, "RECEIPTS, in the site's account", "send"
        case _:
            raise ValueError(f"{contract.name} is asked, not told")


def _message(contract: Contract, envelope: str, references: References, example: dict[str, Any]) -> dict[str, Any]:
    data = {"type": "object", "properties": {"data": references[contract.name]}}
    media = "application/json" if envelope == "Asked" else "application/cloudevents+json"
    return {
        "name": contract.name,
        "title": contract.model.__name__,
        "contentType": media,
        "payload": {"allOf": [{"$ref": SCHEMAS + envelope}, data]},
        "examples": [{"payload": example}],
    }


def _schemas(contracts: list[Contract]) -> tuple[References, dict[str, Any]]:
    models = {each.name: (each.model, each.mode) for each in contracts}
    envelopes: list[tuple[type[BaseModel], Mode]] = [(CloudEvent, VALIDATION), (Answer, VALIDATION)]
    wanted = [*dict.fromkeys(models.values()), *envelopes]
    places, document = models_json_schema(wanted, ref_template=SCHEMAS + "{model}")
    asked = Asked[Command | Query].model_json_schema(ref_template=SCHEMAS + "{model}")
    asked["properties"]["data"] = {"description": "The command or query itself."}
    schemas = {**document["$defs"], "Principal": asked.pop("$defs")["Principal"], "Asked": asked}
    return {name: places[key] for name, key in models.items()}, dict(sorted(without_titles(schemas).items()))


def _component(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{_pointer(name)}"}


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _described(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or model.__name__)

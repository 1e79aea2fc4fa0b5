"""What is generated from the contracts is valid, complete, and says the same as the models."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.contracts.message import Answer, Asked, CloudEvent, Message, Principal
from shared.contracts.topology import DURABLES
from shared.kit.nats.received import received
from tools.contracts.asyncapi import asyncapi
from tools.contracts.files import ASYNCAPI, SAMPLES, SCHEMAS, generated
from tools.contracts.published import Contract, contracts
from tools.contracts.samples import cloud_event, sample

ROOT = Path(__file__).parents[2]
CONTRACTS = contracts()
EACH = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())


def committed(path: Path) -> Any:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


@EACH
def test_a_committed_sample_is_valid_by_the_committed_schema(contract: Contract) -> None:
    schema = committed(SCHEMAS / f"{contract.name}.json")
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert not list(validator.iter_errors(committed(SAMPLES / f"{contract.name}.json")))


@EACH
def test_a_model_reads_its_committed_sample_and_writes_the_same(contract: Contract) -> None:
    golden = committed(SAMPLES / f"{contract.name}.json")
    read = contract.model.model_validate_json(json.dumps(golden))
    assert read.model_dump(mode="json", by_alias=True) == golden


@EACH
def test_an_envelope_carries_the_sample_and_comes_back_the_same(contract: Contract) -> None:
    data = sample(contract)
    if contract.kind in ("command", "query"):
        asked = Asked[contract.model].model_validate_json(json.dumps(_asked(data)))  # type: ignore[name-defined] # a class known only here
        assert asked.data.model_dump(mode="json", by_alias=True) == data
    elif contract.kind == "reply":
        assert Answer.model_validate_json(json.dumps({"status": 200, "data": data})).data == data
    elif contract.kind != "receipt":
        envelope = CloudEvent.model_validate_json(json.dumps(cloud_event(contract)))
        assert envelope.type.startswith("org.link-j.")
        assert envelope.type.endswith(contract.name)
        assert contract.model.model_validate_json(json.dumps(envelope.data)).model_dump(mode="json") == data


@pytest.mark.parametrize("name", [each.name for each in CONTRACTS.values() if each.kind in ("event", "state")])
def test_a_consumer_reads_the_sample_off_the_stream(name: str) -> None:
    contract = CONTRACTS[name]
    read = received(contract.model, json.dumps(cloud_event(contract)).encode())
    assert read.data.model_dump(mode="json") == sample(contract)


def _asked(data: Any) -> dict[str, Any]:
    principal = Principal(kind="member", id="m", organization="o").model_dump(mode="json")
    return {"principal": principal, "data": data, "correlationid": "c", "deadline": "2026-12-16T00:00:08Z"}


def test_a_question_with_a_field_nobody_knows_is_refused_by_its_schema() -> None:
    schema = CONTRACTS["cmd.booking.place_booking.v1"].schema()
    wrong = {**sample(CONTRACTS["cmd.booking.place_booking.v1"]), "is_admin": True}
    assert [each.validator for each in Draft202012Validator(schema).iter_errors(wrong)] == ["additionalProperties"]


def test_generating_twice_gives_the_same_text() -> None:
    assert generated() == generated()


def test_no_sample_names_anyone_who_could_exist() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / SAMPLES).glob("*.json"))
    addresses = {word.strip('",') for word in texts.split() if "@" in word}
    assert addresses
    assert all(address.endswith(".example") for address in addresses)


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = committed(ASYNCAPI)
    references = list(_references(document))
    assert len(references) > len(CONTRACTS)
    for reference in references:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [each for value in node.values() for each in _references(value)]
    return [each for value in node for each in _references(value)] if isinstance(node, list) else []


def test_every_question_in_the_asyncapi_document_has_its_reply_and_every_told_thing_its_stream() -> None:
    document = asyncapi(CONTRACTS.values())
    for name, contract in CONTRACTS.items():
        if contract.kind in ("command", "query"):
            answer = document["operations"][name]["reply"]["messages"][0]["$ref"].rsplit("/", 1)[-1]
            payload = document["components"]["messages"][answer]["payload"]
            data = payload["allOf"][1]["properties"]["data"]
            assert ("$ref" in data) is (f"{name}.reply" in CONTRACTS)
        elif contract.kind != "reply":
            assert document["channels"][name]["x-stream"]


def test_the_asyncapi_document_names_the_durables_of_the_topology() -> None:
    channels = asyncapi(CONTRACTS.values())["channels"].values()
    named = {durable for channel in channels for durable in channel.get("x-durables", ())}
    assert named == {each.name for each in DURABLES}


def test_every_registered_message_is_published() -> None:
    assert set(Message.registry) <= CONTRACTS.keys()

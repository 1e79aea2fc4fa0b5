"""An event or state as it arrived, and how it is read."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.contracts.message import CloudEvent
from shared.kit.nats.retry import Permanent

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Received(Generic[M]):
    """An event or state as it arrived: its data, read by its contract, and its envelope."""

    data: M
    event: CloudEvent


def received(model: type[M], raw: bytes) -> Received[M]:
    """Reads the envelope and the data. Raises Permanent `malformed` or pydantic's ValidationError (`schema`)."""
    try:
        event = CloudEvent.model_validate_json(raw)
    except ValueError as error:
        raise Permanent("malformed") from error
    return Received(model.model_validate(event.data, strict=False), event)

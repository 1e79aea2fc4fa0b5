"""One golden sample per contract: valid, the same every time, of invented people on the evening of the first seminar.

A value is found by its model and field, then by the field's name alone (`words.py`), then by its type; a text must
satisfy the field's own pattern, so the first word that does is taken.
"""

import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from shared.contracts.message import CloudEvent
from shared.kernel.refusal import Refusal
from tools.contracts.published import Contract
from tools.contracts.words import FALLBACK, LITERALS, START, TEXTS, WHOLE, WORDS, sample_id


def sample(contract: Contract) -> Any:
    """The JSON of one valid message of `contract`, as it travels. Raises ValidationError where the words do not fit."""
    made = TypeAdapter(Any).dump_json(_object(contract.model))
    return contract.model.model_validate_json(made).model_dump(mode="json", by_alias=True)


def cloud_event(contract: Contract) -> dict[str, Any]:
    """The envelope around the sample of an event, a state or a site's input."""
    by_site = contract.kind == "input"
    envelope = CloudEvent(
        id=sample_id(contract.name),
        source="/sites/nyc" if by_site else f"/services/{contract.name.split('.')[0]}",
        type=f"org.link-j.{'state.' if contract.kind == 'state' else ''}{contract.name}",
        time=datetime.fromisoformat(START),
        subject=WORDS["external_id"] if by_site else sample_id("id"),
        sequence=2,
        data=sample(contract),
    )
    return envelope.model_dump(mode="json", exclude_none=True)


def _object(model: type[BaseModel]) -> dict[str, Any]:
    if (known := WHOLE.get(model.__name__)) is not None:
        return dict(known)
    return {
        field.alias or name: _value(Field(model, name, tuple(field.metadata)), field.annotation)
        for name, field in model.model_fields.items()
    }


class Field:
    """Where a value is wanted: in which model, under which name, under which conditions."""

    def __init__(self, model: type[BaseModel], name: str, metadata: tuple[Any, ...]) -> None:
        self.model, self.name, self.metadata = model, name, metadata

    def words(self) -> Iterator[Any]:
        """What might fit, the best first."""
        for key in (f"{self.model.__name__}.{self.name}", self.name):
            if key in WORDS:
                yield WORDS[key]
        yield sample_id(self.name)
        yield from FALLBACK

    def under(self, *metadata: Any) -> "Field":
        return Field(self.model, self.name, metadata)


def _value(field: Field, annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(field.under(*annotation.__metadata__), arguments[0])
    if origin in (Union, types.UnionType):
        return _value(field, next(each for each in arguments if each is not type(None)))
    if origin is Literal:
        return next((each for each in LITERALS if each in arguments), arguments[0])
    if origin in (tuple, list, frozenset, set):
        return [_value(field.under(), arguments[0])] if arguments else []
    if origin is dict or origin is Mapping or annotation in (dict, Any):
        return {}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _text(field) if annotation.__name__ in ("Text", "BilingualView") else _object(annotation)
    return None if annotation is type(None) else _scalar(field, annotation)


def _text(field: Field) -> dict[str, str]:
    ja, en = next(text for prefix, text in TEXTS if f"{field.model.__name__}.{field.name}".startswith(prefix))
    return {"ja": ja, "en": en}


def _scalar(field: Field, annotation: Any) -> Any:
    accepts = TypeAdapter(Annotated[(annotation, *field.metadata)] if field.metadata else annotation)
    kinds = {bool: bool, int: int, float: int, str: str, datetime: str, AwareDatetime: str, date: str}
    for word in field.words():
        if type(word) is not kinds[annotation]:
            continue
        try:
            accepts.validate_json(TypeAdapter(Any).dump_json(word), strict=True)
        except (ValidationError, Refusal):
            continue
        return word
    raise TypeError(f"no sample for {field.model.__name__}.{field.name}; see tools/contracts/words.py")

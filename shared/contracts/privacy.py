"""Which fields of a contract are a person's, found by their mark; and what every service answers about one person."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from shared.contracts.message import BilingualView, Event, Id, Query, View


@cache
def personal_fields(model: type[BaseModel]) -> frozenset[str]:
    """`Model.field` of each field marked `personal()` in the model and in the models it is made of."""
    return frozenset(_found(model, set()))


def is_personal(model: type[BaseModel]) -> bool:
    """Whether it can carry anything of a person beyond ids."""
    return bool(personal_fields(model))


def _found(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    if model in seen:
        return
    seen.add(model)
    for name, info in model.model_fields.items():
        if _marked(info):
            yield f"{model.__name__}.{name}"
        for part in _models_in(info.annotation):
            yield from _found(part, seen)


def _marked(info: FieldInfo) -> bool:
    extra = info.json_schema_extra
    return isinstance(extra, dict) and extra.get("personal") is True


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


class ColumnView(View):
    """`key` is that of each row's value."""

    key: str
    label: BilingualView


class SectionView(View):
    """One kind of thing kept about a person: what for, for how long, and all of it as rows."""

    key: str
    title: BilingualView
    purpose: BilingualView
    kept: BilingualView
    columns: tuple[ColumnView, ...]
    rows: Annotated[tuple[dict[str, Any], ...], Field(json_schema_extra={"personal": True})]


class PersonalDataView(View):
    """What one service keeps about one person; `next` goes on where there is more than fits an answer."""

    sections: tuple[SectionView, ...]
    next: str | None = None


class ServiceDataView(View):
    """What one service keeps, whole."""

    service: Literal["members", "booking", "events", "notify"]
    sections: tuple[SectionView, ...]


class ExportView(View):
    """What the whole house keeps about one person."""

    member: Id
    exported_at: str
    services: tuple[ServiceDataView, ...]


class PersonalData(Query):
    """Base of the question each service answers under `qry.<service>.personal_data.v1`.

    For the person, and for staff and operators; to anybody else there is nothing (not-found 404).
    """

    member: Id
    after: Annotated[str | None, Field(max_length=256)] = None


class MemberErased(Event):
    """Base of what each service says once nothing of a person is left with it but ids; `counts` of what was changed."""

    member: Id
    counts: dict[str, int]
    version: int


def section(
    key: str,
    title: tuple[str, str],
    *,
    purpose: tuple[str, str],
    kept: tuple[str, str],
    columns: dict[str, tuple[str, str]],
    rows: Iterable[Mapping[str, Any]],
) -> SectionView:
    """Texts are (Japanese, English); of each row the columns' values, null where it has none."""
    return SectionView(
        key=key,
        title=_text(title),
        purpose=_text(purpose),
        kept=_text(kept),
        columns=tuple(ColumnView(key=name, label=_text(label)) for name, label in columns.items()),
        rows=tuple({name: row.get(name) for name in columns} for row in rows),
    )


def _text(both: tuple[str, str]) -> BilingualView:
    return BilingualView(ja=both[0], en=both[1])

"""Who was refused what: one line for each 403 and 404 a principal gets, with ids and nothing else.

To the asker, what is not theirs and what is not there look the same. Whoever watches the log sees who asked for it.
"""

import functools
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from shared.contracts.message import Asked, Id, Principal, SiteId
from shared.kernel.refusal import Refusal
from shared.kit.log import get_logger

log = get_logger()
_MOST = 20


def tell_refused(by: Principal, refusal: Refusal, *, asked: str, ids: str = "") -> None:
    """`asked` is the wire name or the door, `ids` what it named: `id=… organization=…`."""
    log.warning(
        "access.refused",
        refusal=refusal.code,
        asked=asked,
        ids=ids,
        principal=by.id,
        kind=by.kind,
        organization=by.organization,
        site=by.site,
    )


def ids_in(ask: Asked[Any]) -> str:
    """The ids among the fields of what was asked, and of what stands in them; texts and addresses never are."""
    return " ".join(f"{name}={_shown(value)}" for name, value in _ids(ask.data) if value)


def _ids(asked: BaseModel, within: str = "") -> Iterator[tuple[str, Any]]:
    """`on_leave.to` is a field within a field. What is in lists of parts, such as rows of a table, names nobody's."""
    for name in _id_fields(type(asked)):
        yield within + name, getattr(asked, name)
    for name, value in asked:
        if isinstance(value, BaseModel):
            yield from _ids(value, f"{within}{name}.")


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(sorted(value)[:_MOST])


@functools.cache
def _id_fields(model: type[BaseModel]) -> tuple[str, ...]:
    shapes = model.model_json_schema(by_alias=False).get("properties", {})
    return tuple(name for name, shape in shapes.items() if _is_id(shape))


def _is_id(shape: dict[str, Any]) -> bool:
    kinds = [shape, *shape.get("anyOf", ())]
    return any((kind.get("items") or kind).get("pattern") in _PATTERNS for kind in kinds)


_PATTERNS = frozenset(TypeAdapter(kind).json_schema()["pattern"] for kind in (Id, SiteId))

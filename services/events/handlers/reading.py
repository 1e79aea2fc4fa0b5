"""From a site's data, by its contract, to what the domain understands."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from services.events.domain.incoming import Read, Reader, Unfit
from services.events.domain.seminar import Content, Mode, Publish, Withdraw
from services.events.domain.when import Announced, When
from shared.contracts.events import Modes, SeminarCancelledBySite, SeminarContent, SeminarPublished, SiteInput
from shared.contracts.events import When as SaidWhen
from shared.kernel.refusal import Refusal

S = TypeVar("S", bound=SiteInput)
_OF_TIME = frozenset({"timezone_aware", "datetime_parsing", "datetime_from_date_parsing", "date_parsing"})
_OWN = frozenset({"external_id", "title", "title_certainty", "when", "modes"})


def type_of(model: type[SiteInput]) -> str:
    """The CloudEvent type that carries it."""
    return f"org.link-j.{model.wire}"


def read_published(data: Any) -> Read:
    """Raises Unfit."""
    said, dropped = _read(SeminarPublished, data)
    return Read(Publish(said.external_id, content_of(said)), dropped)


def read_cancelled(data: Any) -> Read:
    """Raises Unfit."""
    said, dropped = _read(SeminarCancelledBySite, data)
    return Read(Withdraw(said.external_id, said.reason), dropped)


READERS: Mapping[str, Reader] = {
    type_of(SeminarPublished): read_published,
    type_of(SeminarCancelledBySite): read_cancelled,
}
"""What is read today; any other type waits in the quarantine until something reads it."""


def content_of(said: SeminarContent) -> Content:
    return Content(
        title=said.title.kernel(),
        title_certainty=said.title_certainty,
        when=_when_of(said.when),
        modes=_modes_of(said.modes),
        details=said.model_dump(mode="json", exclude=set(_OWN)),
    )


def _when_of(said: SaidWhen) -> When:
    return When(
        precision=said.precision,
        zone=said.zone,
        certainty=said.certainty,
        starts_at=said.starts_at,
        ends_at=said.ends_at,
        announced=tuple(Announced(each.zone, each.date, each.part) for each in said.announced),
        month=said.month,
    )


def _modes_of(said: Modes) -> dict[Mode, int | None]:
    modes: dict[Mode, int | None] = {}
    if said.onsite is not None:
        modes["onsite"] = said.onsite.capacity
    if said.online is not None:
        modes["online"] = said.online.capacity
    return modes


def _read(model: type[S], data: Any) -> tuple[S, tuple[str, ...]]:
    if not isinstance(data, dict):
        raise Unfit("schema", "data is not an object")
    try:
        said = model.model_validate_json(json.dumps(data), extra="ignore")
    except ValidationError as error:
        raise _unfit(error) from None
    except Refusal as refusal:  # a zone's own check; pydantic lets it through
        raise Unfit("time", refusal.code) from None
    return said, tuple(_unknown(data, said.model_dump(mode="json"), ""))[:20]


def _unfit(error: ValidationError) -> Unfit:
    """Paths and kinds of what is wrong; never the input."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    told = "; ".join(f"{'.'.join(map(str, f['loc'])) or 'data'}: {f['msg']}" for f in faults[:5])
    return Unfit("time" if any(f["type"] in _OF_TIME for f in faults) else "schema", told)


def _unknown(sent: Any, known: Any, path: str) -> list[str]:
    """Paths of what was sent beyond the contract."""
    if isinstance(sent, dict) and isinstance(known, dict):
        here = [f"{path}{key}"[:80] for key in sent if key not in known]
        return here + [p for key in sent if key in known for p in _unknown(sent[key], known[key], f"{path}{key}.")]
    if isinstance(sent, list) and isinstance(known, list):
        return [p for n, (a, b) in enumerate(zip(sent, known, strict=False)) for p in _unknown(a, b, f"{path}{n}.")]
    return []

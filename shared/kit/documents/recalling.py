"""How a document stood at an instant: made from how it stands, by undoing what its log says was changed since."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.kernel.refusal import Refusal
from shared.kernel.text import Text
from shared.kit.documents.chain import json_of

Doc = Mapping[str, Any]


class NotRecorded(Refusal):
    """It was changed since by a version that did not say yet how it was before."""

    code = "not-recorded"
    status = 404
    message = Text(
        ja="その時点の記録はありません。", en="It was changed later by a version that kept no record of how it stood."
    )


def undoing(
    before: Doc, after: Doc, fixed: Collection[str], words: Collection[str], sets: Collection[str] = ()
) -> dict[str, Any]:
    """What an entry says of the change it tells: the fields that were otherwise (`before`, null where there was none),
    claims it `took` and `gave`. Those of `fixed` are not told; what people wrote (`words`) stands apart, so that it
    can be erased. Of `sets` only what `came` and `went` is told.
    """
    names = sorted((before.keys() | after.keys()) - frozenset(fixed) - frozenset(sets))
    was = {name: before.get(name) for name in names if before.get(name) != after.get(name)}
    told: dict[str, Any] = {
        "before": {name: None if name in words else value for name, value in was.items()},
        "words": {name: value for name, value in was.items() if name in words and value is not None},
        "took": sorted({*after.get("claims", ())} - {*before.get("claims", ())}),
        "gave": sorted({*before.get("claims", ())} - {*after.get("claims", ())}),
        "came": {name: more for name in sets if (more := _beyond(after.get(name, ()), before.get(name, ())))},
        "went": {name: less for name in sets if (less := _beyond(before.get(name, ()), after.get(name, ())))},
    }
    told["before"]["version"] = before["version"]
    return {name: value for name, value in told.items() if value or name == "before"}


def _beyond(these: Sequence[Any], those: Sequence[Any]) -> list[Any]:
    known = {json_of(each) for each in those}
    return [each for each in these if json_of(each) not in known]


def recalled(doc: Doc, log: Sequence[Doc], at: datetime) -> dict[str, Any] | None:
    """The document as the last change at `at` or earlier left it, erased words missing; None where it was not there.

    `log` reaches back to that instant. Raises NotRecorded.
    """
    if doc["created_at"] > at:
        return None
    state = dict(doc)
    for entry in reversed(log):
        if entry["time"] <= at:
            break
        if "before" not in entry:
            raise NotRecorded
        state |= {**entry["before"], **entry.get("words", {})}
        came, went = entry.get("came", {}), entry.get("went", {})
        for name in {*came, *went}:
            state[name] = [*_beyond(state.get(name) or (), came.get(name, ())), *went.get(name, ())] or None
        state["claims"] = sorted({*(state.get("claims") or ()), *entry.get("gave", ())} - {*entry.get("took", ())})
    return {name: value for name, value in state.items() if value is not None and (name != "claims" or value)}

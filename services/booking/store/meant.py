"""The wall time that was meant stays as it was written for as long as the instants do.

Whatever else changes in a document: by then the zone may have other rules, and what was meant would be lost.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.kit.documents import Draft

Doc = Mapping[str, Any]


def keeping(draft: Draft | None, doc: Doc) -> Draft | None:
    """The draft of the next state of `doc`, a booking, a series or an entry of the waiting list."""
    if draft is None:
        return None
    body = _kept(draft.body, doc)
    if "occurrences" in body:
        before = {each["index"]: each for each in doc["occurrences"]}
        body["occurrences"] = [_kept(each, before[each["index"]]) for each in body["occurrences"]]
    return replace(draft, body=body)


def _kept(after: Doc, before: Doc) -> dict[str, Any]:
    same = all(after[name] == before[name] for name in ("starts_at", "ends_at"))
    return {**after, "local": before["local"]} if same else {**after}

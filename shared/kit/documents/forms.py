"""The forms the documents of a collection have had, and how one becomes the next (docs/operations/migrations.md)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.kit.documents.draft import RESERVED
from shared.kit.log import get_logger
from shared.kit.nats.request import Unavailable

log = get_logger()
Doc = Mapping[str, Any]
FIXED = RESERVED - {"changed_at", "due_at", "due_kind", "form", "least"}
"""What no step changes: claims are taken by commands alone, the rest is the store's and the relay's."""


class NewerForm(Unavailable):
    """The document is in a form this version cannot write without losing something: a newer replica can."""


@dataclass(frozen=True, slots=True)
class Step:
    """From one form to the next: `make` is pure and gives the document's fields as they are to be.

    `derived`: all it adds can be made again from what was there, so an older version may write such a document.
    """

    make: Callable[[Doc], Doc]
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Forms:
    """One collection's chain. A document says `form` and, where older versions may write it, `least`; absent is 1."""

    steps: Sequence[Step] = ()

    @property
    def newest(self) -> int:
        return len(self.steps) + 1

    @property
    def marks(self) -> dict[str, int]:
        """What a document in the newest form says of itself."""
        least = next((n for n in range(self.newest, 1, -1) if not self.steps[n - 2].derived), 1)
        form = {"form": self.newest} if self.newest > 1 else {}
        return form | ({"least": least} if least != self.newest else {})

    def newest_of(self, doc: dict[str, Any]) -> dict[str, Any]:
        """The document in the newest form known here; of one in a newer form what is known of it."""
        form = form_of(doc)
        if form == self.newest:
            return doc
        fixed = {name: value for name, value in doc.items() if name in FIXED}
        made: Doc = doc
        for step in self.steps[form - 1 :]:
            made = step.make(made)
        return {name: value for name, value in made.items() if name not in _MARKS} | fixed | self.marks

    def check_writable(self, doc: Doc) -> None:
        """Raises NewerForm."""
        if doc.get("least", form_of(doc)) > self.newest:
            log.warning("documents.newer_form", form=form_of(doc), known=self.newest)
            raise NewerForm


_MARKS = frozenset({"form", "least"})


def form_of(doc: Doc) -> int:
    return int(doc.get("form", 1))


def older_than(newest: int) -> dict[str, Any]:
    """A filter: the documents in an older form."""
    return {"$or": [{"form": {"$exists": False}}, {"form": {"$lt": newest}}]}


def _changed_at(doc: Doc) -> Doc:
    log = doc["log"]
    return {**doc, "changed_at": log[-1]["time"] if log else doc["created_at"]}


CHANGED_AT = Step(_changed_at, derived=True)
"""For collections from before documents said when they last changed: the first step of their chain."""

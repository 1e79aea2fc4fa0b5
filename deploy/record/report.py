"""What was found of one service's record."""

from dataclasses import asdict, dataclass, field
from typing import Any

_MOST_PROBLEMS = 1_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not follow: in which collection, which document, which entry (None: all of it), and what."""

    collection: str
    id: str
    seq: int | None
    says: str


@dataclass(slots=True)
class Report:
    """`sealed`, `unchained`, `erased`: docs/record.md. `witnessed` entries stood on the stream with their hash.

    `unvouched`: keys that signed anchors and that nobody here vouches for.
    """

    service: str
    documents: int = 0
    entries: int = 0
    chained: int = 0
    sealed: int = 0
    unchained: int = 0
    erased: int = 0
    witnessed: int = 0
    anchors: int = 0
    heads: int = 0
    unvouched: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    untold: int = 0
    """How many problems there are beyond the thousand that are told."""

    def wrong(self, problem: Problem) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.untold += 1

    def facts(self) -> dict[str, Any]:
        return asdict(self)

"""Which seats there are. A seat is a claim `seat|<seminar>|<mode>|<n>`; the store lets one document hold each.

Seats are numbered 1 … `universe`. Raising the capacity grows the universe; lowering it *closes* the surplus: a document
of the seminar claims as many seats as the capacity is smaller, those free now at once and the rest as they fall free.
So a seat is open to everybody or to nobody, and no count is ever read before a write.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.events.domain.seminar import Mode


def claim_of(seminar: str, mode: Mode, seat: int) -> str:
    """Sortable as text, so that a mode's seats are one range of the index."""
    return f"seat|{seminar}|{mode}|{seat:05d}"


def seat_of(claim: str) -> int:
    return int(claim.rsplit("|", 1)[1])


def range_of(seminar: str, mode: Mode) -> tuple[str, str]:
    """`[first, last)` over the claims of a mode's seats."""
    return f"seat|{seminar}|{mode}|", f"seat|{seminar}|{mode}}}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Of one mode of one seminar: how many seats are numbered, which are closed, how many too many people hold one."""

    universe: int = 0
    closed: frozenset[int] = frozenset()
    over: int = 0

    def open_seats(self, taken: Iterable[int]) -> list[int]:
        """Neither closed nor taken, in order."""
        return sorted(set(range(1, self.universe + 1)) - self.closed - set(taken))

    def settled(self, capacity: int, taken: frozenset[int]) -> "Plan":
        """The plan for `capacity` while `taken` are held by people: nobody is ever put out."""
        universe = max(self.universe, capacity, max(taken, default=0))
        surplus = universe - capacity
        kept = sorted(self.closed)[:surplus]
        free = Plan(universe, frozenset(kept)).open_seats(taken)
        closed = frozenset([*kept, *free[::-1][: surplus - len(kept)]])
        return Plan(universe, closed, max(0, len(taken) - capacity))

    def says_as(self, other: "Plan") -> bool:
        """Whether there is nothing to store; the universe alone follows from the seats held."""
        return (self.closed, self.over) == (other.closed, other.over)

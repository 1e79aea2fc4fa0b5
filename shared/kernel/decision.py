"""What a command decides: the new state, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Decision(Generic[S, E]):
    """`events` empty means the transition was made before: the same state, nothing written."""

    state: S
    events: Sequence[E] = ()

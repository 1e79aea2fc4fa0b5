"""What happened to a series, once for each decision; `indexes` are the times of it that are concerned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.booking.domain.events import Word
    from services.booking.domain.series import Occurrence, Series

Indexes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SeriesPlaced:
    series: Series


@dataclass(frozen=True, slots=True)
class SeriesConfirmed:
    series: Series
    indexes: Indexes
    reason: str | None


@dataclass(frozen=True, slots=True)
class SeriesChanged:
    """`moved` are those that had another time or place, as they were; `changed` names other words.

    `why`: nobody asked for it.
    """

    series: Series
    indexes: Indexes
    moved: tuple[Occurrence, ...]
    changed: tuple[Word, ...]
    why: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesCancelled:
    """As with a booking; `debit_kept` are those whose hours are not given back.

    `struck_out`: nobody came too often in a row.
    """

    series: Series
    indexes: Indexes
    reason: str | None = None
    rejected: bool = False
    debit_kept: Indexes = ()
    why: str | None = None
    tell: tuple[str, ...] = ()
    struck_out: bool = False


@dataclass(frozen=True, slots=True)
class SeriesHandedOver:
    """It goes on without `leaver`; `tell` are who hear of it beside the old and the new holder."""

    series: Series
    indexes: Indexes
    leaver: str
    why: str
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesExpired:
    series: Series
    indexes: Indexes


@dataclass(frozen=True, slots=True)
class SeriesCompleted:
    series: Series
    indexes: Indexes


@dataclass(frozen=True, slots=True)
class SeriesRedacted:
    """What people wrote into it is gone."""

    series: Series


SeriesEvent = (
    SeriesPlaced
    | SeriesConfirmed
    | SeriesChanged
    | SeriesCancelled
    | SeriesHandedOver
    | SeriesExpired
    | SeriesCompleted
    | SeriesRedacted
)

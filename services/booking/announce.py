"""All that one write decided, as events: they tell where something is taken or free since, for whoever watches."""

from collections.abc import Sequence

from services.booking.domain.booking import Decided
from services.booking.domain.claims import Place, exchanged
from services.booking.domain.series_placing import SeriesDecided
from services.booking.publish import published_of_series
from shared.contracts.booking import BookingEvent, OccupiedView, SeriesEvent
from shared.contracts.message import Event

_OF_PLACES = (BookingEvent, SeriesEvent)
_MOST_PLACES = 400
"""More are not told one by one: an event has to stay small, and whoever watches takes a new picture."""


def announced(decided: Decided | SeriesDecided, held: Sequence[str], *, version: int) -> list[Event]:
    """All that was decided; the last event tells what that took and gave back, beside the claims `held` before."""
    events = [published_of_series(event, version=version) for event in decided.events]
    exchange = exchanged(held, decided.state.claims)
    if sum(map(len, exchange)) > _MOST_PLACES:
        return events
    told = [((), ())] * (len(events) - 1) + [tuple(tuple(map(_occupied, places)) for places in exchange)]
    return [
        event.model_copy(update={"taken": took, "released": gave}) if isinstance(event, _OF_PLACES) else event
        for event, (took, gave) in zip(events, told, strict=False)
    ]


def _occupied(place: Place) -> OccupiedView:
    return OccupiedView(resource=place[0], starts_at=place[1].start, ends_at=place[1].end)

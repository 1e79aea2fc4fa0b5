"""What becomes of a series: one message for each decision, to whom it is for and to who made it."""

from typing import TypeVar

from services.notify.domain.plan import Contact, Happening, Topic, overtaken
from services.notify.handlers.directly import Directly
from services.notify.store import Endings
from services.notify.tell import news_of
from shared.contracts.booking import (
    SeriesCancelled,
    SeriesChanged,
    SeriesConfirmed,
    SeriesEvent,
    SeriesExpired,
    SeriesHandedOver,
    SeriesPlaced,
)
from shared.kit.service import Received

AnySeries = TypeVar("AnySeries", bound=SeriesEvent)
PENDING = "pending"


class SeriesNews:
    """Each raises NotYetKnown where the contact of whom it is for has not arrived."""

    def __init__(self, directly: Directly, endings: Endings) -> None:
        self._directly = directly
        self._endings = endings

    async def on_placed(self, event: Received[SeriesPlaced]) -> None:
        await self._tell(Topic.SERIES_PENDING if event.data.status == PENDING else Topic.SERIES_PLACED, event)

    async def on_confirmed(self, event: Received[SeriesConfirmed]) -> None:
        await self._tell(Topic.SERIES_CONFIRMED, event)

    async def on_changed(self, event: Received[SeriesChanged]) -> None:
        await self._tell(Topic.SERIES_CHANGED, event)

    async def on_cancelled(self, event: Received[SeriesCancelled]) -> None:
        """Nothing older is said of what has wholly ended."""
        await self._ended(event.data)
        admins = [await self._directly.person(each) for each in event.data.tell]
        topic = Topic.SERIES_REJECTED if event.data.rejected else Topic.SERIES_CANCELLED
        await self._tell(topic, event, [*await self._parties(event.data), *admins])

    async def on_expired(self, event: Received[SeriesExpired]) -> None:
        """Nothing older is said of what has wholly ended."""
        await self._ended(event.data)
        await self._tell(Topic.SERIES_EXPIRED, event)

    async def on_handed_over(self, event: Received[SeriesHandedOver]) -> None:
        """Tells whose it is now apart from whose it was, and the admins of the organization."""
        series = event.data
        await self._tell(Topic.SERIES_RECEIVED, event, [await self._directly.person(series.booked_for)])
        leaver = await self._directly.perhaps(series.handed_over_by)
        others = [leaver, *[await self._directly.person(each) for each in series.tell]]
        heard = [each for each in others if each is not None and each.id != series.booked_for]
        await self._tell(Topic.SERIES_HANDED_OVER, event, heard)

    async def _ended(self, series: SeriesCancelled | SeriesExpired) -> None:
        if series.remaining == 0:
            await self._endings.note(_whole(series), series.version)

    async def _tell(self, topic: Topic, event: Received[AnySeries], people: list[Contact] | None = None) -> None:
        series = event.data
        happening = Happening(event.event.id, topic, _whole(series), series.version)
        stale = overtaken(happening, await self._endings.version(happening.aggregate))
        told = await self._parties(series) if people is None else people
        await self._directly.tell(news_of(happening, series, event.event), told, stale=stale)

    async def _parties(self, series: SeriesEvent) -> list[Contact]:
        people = [await self._directly.person(series.booked_for)]
        not_theirs = series.booked_by in (series.booked_for, *series.former)
        maker = None if not_theirs else await self._directly.perhaps(series.booked_by)
        return people if maker is None else [*people, maker]


def _whole(series: SeriesEvent) -> str:
    return f"series|{series.id}"

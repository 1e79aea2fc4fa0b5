"""Events about series of bookings → handler."""

from faststream import AckPolicy

from services.notify.handlers import SeriesNews
from shared.contracts.booking import (
    SeriesCancelled,
    SeriesChanged,
    SeriesConfirmed,
    SeriesExpired,
    SeriesHandedOver,
    SeriesPlaced,
)
from shared.kit.service import Received, Service


def subscribe_to_series(service: Service, series: SeriesNews) -> None:
    """Events about one person's series of bookings."""

    @service.event(
        stream="EVENTS",
        durable="notify__series_placed",
        model=SeriesPlaced,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def series_placed(event: Received[SeriesPlaced]) -> None:
        await series.on_placed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__series_confirmed",
        model=SeriesConfirmed,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def series_confirmed(event: Received[SeriesConfirmed]) -> None:
        await series.on_confirmed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__series_changed",
        model=SeriesChanged,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def series_changed(event: Received[SeriesChanged]) -> None:
        await series.on_changed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__series_cancelled",
        model=SeriesCancelled,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def series_cancelled(event: Received[SeriesCancelled]) -> None:
        await series.on_cancelled(event)

    @service.event(
        stream="EVENTS",
        durable="notify__series_expired",
        model=SeriesExpired,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def series_expired(event: Received[SeriesExpired]) -> None:
        await series.on_expired(event)

    @service.event(
        stream="EVENTS",
        durable="notify__series_handed_over",
        model=SeriesHandedOver,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def series_handed_over(event: Received[SeriesHandedOver]) -> None:
        await series.on_handed_over(event)

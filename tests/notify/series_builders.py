"""Events about a series of bookings, as booking announces them."""

from datetime import timedelta
from typing import Any

from shared.contracts.booking import (
    OccurrenceGist,
    SeriesCancelled,
    SeriesChanged,
    SeriesConfirmed,
    SeriesExpired,
    SeriesHandedOver,
    SeriesPlaced,
    SkippedGist,
)
from shared.contracts.message import BilingualView
from tests.notify.builders import HOUR, NEW_YORK, START


def _series(times: int = 12, **more: Any) -> dict[str, Any]:
    """Each week at the same time of New York, without the third."""
    name, week = BilingualView(ja="会議室A", en="Room A"), timedelta(days=7)
    occurrences = tuple(
        OccurrenceGist(
            index=n,
            resource="room-a",
            resource_name=name,
            starts_at=START + n * week,
            ends_at=START + n * week + HOUR,
        )
        for n in range(times + 1)
        if n != 2
    )
    rule = {"recurrence": f"FREQ=WEEKLY;COUNT={times + 1}", "anchor_zone": NEW_YORK, "status": "confirmed"}
    return {
        "id": "r1",
        "site": "nyc",
        "time_zone": NEW_YORK,
        **rule,
        "occurrences": occurrences,
        "organization": "o1",
        "booked_by": "hanako",
        "booked_for": "hanako",
        "version": 1,
    } | more


def series_placed(**more: Any) -> SeriesPlaced:
    return SeriesPlaced(**_series(**({"skipped": (SkippedGist(index=2, reason="closed-on-holiday"),)} | more)))


def series_confirmed(**more: Any) -> SeriesConfirmed:
    return SeriesConfirmed(**_series(**({"times": 3, "version": 2} | more)))


def series_changed(**more: Any) -> SeriesChanged:
    """Each of them an hour later than it was."""
    fields = _series(**({"times": 3, "version": 2} | more))
    before = tuple(
        each.model_copy(update={"starts_at": each.starts_at - HOUR, "ends_at": each.ends_at - HOUR})
        for each in fields["occurrences"]
    )
    return SeriesChanged(**({"before": before} | fields))


def series_cancelled(**more: Any) -> SeriesCancelled:
    return SeriesCancelled(**_series(**({"times": 3, "remaining": 0, "version": 2} | more)))


def series_expired(**more: Any) -> SeriesExpired:
    return SeriesExpired(**_series(**({"times": 3, "remaining": 2, "version": 2} | more)))


def series_handed_over(**more: Any) -> SeriesHandedOver:
    fields: dict[str, Any] = {"handed_over_by": "gone", "because": "member-left", "version": 2}
    return SeriesHandedOver(**_series(**({"times": 3} | fields | more)))

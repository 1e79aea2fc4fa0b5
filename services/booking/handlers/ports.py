"""What the handlers need of the collections."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.booking.domain.availability import Occupied
from services.booking.domain.booking import Booking, Decided
from services.booking.domain.resource import Resource
from services.booking.domain.rights import Policy
from services.booking.domain.series import Series
from services.booking.domain.series_placing import SeriesDecided
from services.booking.domain.site import Site
from services.booking.domain.viewer import Viewer
from shared.kernel.interval import Interval
from shared.kit.documents import Cause, Stored

Decide = Callable[[Booking], Decided]
DecideSeries = Callable[[Series], SeriesDecided]


class Bookings(Protocol):
    async def place(self, decided: Decided, cause: Cause, *, at: datetime) -> Stored: ...
    async def load(self, booking_id: str, viewer: Viewer) -> tuple[Booking, int]: ...
    async def replay(self, booking_id: str, cause: Cause) -> Stored | None: ...
    async def occupied(self, site: str, resources: Sequence[str], within: Interval) -> list[Occupied]: ...
    async def used_units(self, site: str, prefix: str) -> set[int]: ...
    async def lapsed(self, site: str, at: datetime) -> Collection[str]: ...
    async def change(
        self,
        booking_id: str,
        decide: Decide,
        cause: Cause,
        viewer: Viewer,
        *,
        at: datetime,
        if_match: int | None = None,
    ) -> Stored: ...


class ManySeries(Protocol):
    async def load(self, series_id: str, viewer: Viewer) -> tuple[Series, int]: ...
    async def place(self, decided: SeriesDecided, cause: Cause, *, at: datetime) -> Stored: ...
    async def replay(self, series_id: str, cause: Cause) -> Stored | None: ...
    async def in_the_way(self, site: str, claims: Sequence[str]) -> list[Occupied]: ...
    async def change(
        self,
        series_id: str,
        decide: DecideSeries,
        cause: Cause,
        viewer: Viewer,
        *,
        at: datetime,
        if_match: int | None = None,
    ) -> Stored: ...


class Sites(Protocol):
    async def get(self, site: str) -> Site: ...


class Resources(Protocol):
    async def get(self, site: str, resource: str) -> Resource: ...
    async def of(self, site: str) -> Mapping[str, Resource]: ...


class Rights(Protocol):
    async def current(self) -> Policy: ...

"""Sites, resources, and what of them is free."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import is_
from typing import Any

from services.booking.domain.availability import TakenTime, free
from services.booking.domain.refusals import AsOfInFuture, CursorUnknown, RangeInvalid
from services.booking.domain.resource import EPOCH, Resource, with_gap
from services.booking.domain.site import Holidays, Site
from services.booking.domain.wall import bound, day_of
from services.booking.queries.views import (
    exception_views,
    free_view,
    holiday_views,
    resource_view,
    site_view,
    text_view,
)
from services.booking.store import Bookings, Resources, Sites
from services.booking.store.mapping import site_of
from shared.contracts.booking import (
    Availability,
    AvailabilityView,
    ExceptionPage,
    GetSite,
    ListExceptions,
    ListResources,
    ListSites,
    ResourceAvailabilityView,
    ResourcePage,
    SitePage,
    SiteView,
)
from shared.contracts.booking.reads import AvailabilityAsked
from shared.contracts.message import Asked
from shared.kernel.interval import GRANULE, Interval
from shared.kernel.refusal import NotFound
from shared.kernel.time import Clock, shown, zone_of
from shared.kit.answers import Written, written
from shared.kit.joined import Joined

LONGEST_RANGE = timedelta(days=62)
USUAL_RANGE = timedelta(days=7)
_MOST_MADE = 64
ReadClaims = Callable[[str, Sequence[str], Interval], Awaitable[list[str]]]
"""Of a site, real resources and a range."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Of `wanted` resources, which lie on the real ones `ids`: the claims of all that takes something in `within`."""

    site: Site
    within: Interval
    wanted: Sequence[Resource]
    ids: Sequence[str]
    taken: Sequence[str]

    @property
    def time(self) -> TakenTime:
        """As time of these resources."""
        return TakenTime(self.taken, self.ids, with_gap(self.within, self.wanted))


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer, and all that it was made of beside the question."""

    seen: Picture
    ahead: Interval | None
    answer: Written

    def is_still(self, seen: Picture, ahead: Interval | None) -> bool:
        """What is remembered of places and claims is the very same object for as long as nothing changed."""
        mine = self.seen
        same = mine.site is seen.site and mine.taken is seen.taken and (mine.within, self.ahead) == (seen.within, ahead)
        return same and len(mine.wanted) == len(seen.wanted) and all(map(is_, mine.wanted, seen.wanted))


@dataclass(frozen=True, slots=True)
class PlaceQueries:
    bookings: Bookings
    sites: Sites
    resources: Resources
    holidays: Holidays
    clock: Clock
    _made: dict[Availability, _Made] = field(default_factory=dict)

    async def get_site(self, ask: Asked[GetSite]) -> SiteView:
        """As stored now. Raises NotFound."""
        return self.site_view(await self.sites.document(ask.data.id))

    async def list_sites(self, ask: Asked[ListSites]) -> SitePage:
        """By id."""
        docs, cursor = _page(await self.sites.listed(), "_id", ask.data.after, ask.data.limit)
        return SitePage(items=tuple(self.site_view(doc) for doc in docs), next=cursor)

    async def list_resources(self, ask: Asked[ListResources]) -> ResourcePage:
        """In the order they were first put. Raises NotFound for an unknown site."""
        asked = ask.data
        await self.sites.get(asked.site)
        of_kind = [doc for doc in await self.resources.listed(asked.site) if asked.kind in (None, doc["kind"])]
        docs, cursor = _page(of_kind, "resource", asked.after, asked.limit)
        return ResourcePage(items=tuple(resource_view(doc) for doc in docs), next=cursor)

    async def list_exceptions(self, ask: Asked[ListExceptions]) -> ExceptionPage:
        """As stored now. Raises NotFound."""
        asked = ask.data
        return exceptions_page(await self.sites.document(asked.site), asked.from_, asked.to)

    async def availability(self, asked: Availability) -> AvailabilityView:
        """Nothing past is free; the same for whoever asks. Raises NotFound for an unknown site or resource,
        RangeInvalid; looking back also AsOfInFuture, NotRecorded.
        """
        if asked.as_of is None:
            return self.shown(asked, await self._pictured(asked, self.bookings.claimed))
        return self.shown(asked, await self._looked_back(asked, asked.as_of), asked.as_of)

    def shared(self) -> Joined[Availability, Written]:
        """`availability`, made and written once for all who ask the same at once, never before any of them asked."""
        return Joined(self._written)

    async def _written(self, asked: Availability) -> Written:
        """Once more what was written before, where it would be the same."""
        if asked.as_of is not None:
            return written(await self.availability(asked))
        seen = await self._pictured(asked, self.bookings.claimed)
        ahead, made = _ahead(seen.within, self.clock.now()), self._made.get(asked)
        if made is None or not made.is_still(seen, ahead):
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            self._made[asked] = made = _Made(seen, ahead, written(self._shown(asked, seen, ahead)))
        return made.answer

    async def looked_at(self, asked: AvailabilityAsked) -> Picture:
        """What is asked for, with all claims of who is there at least in part. Raises as `availability` does."""
        return await self._pictured(asked, self._claims_of_all)

    async def _claims_of_all(self, site: str, ids: Sequence[str], within: Interval) -> list[str]:
        """Of a series, those of each time that is near."""
        return [claim for each in await self.bookings.occupied(site, ids, within) for claim in each.claims]

    async def _pictured(self, asked: AvailabilityAsked, read: ReadClaims) -> Picture:
        site = await self.sites.get(asked.site)
        within = self._range(asked, site, self.clock.now())
        wanted = await self._wanted(asked)
        ids = sorted({each for resource in wanted for each in resource.occupies})
        taken = await read(site.id, ids, with_gap(within, wanted))
        return Picture(site, within, wanted, ids, taken)

    async def _looked_back(self, asked: AvailabilityAsked, at: datetime) -> Picture:
        """The same of that instant: site, resources and bookings as they stood."""
        if at > self.clock.now():
            raise AsOfInFuture
        site = await self.sites.recall(asked.site, at)
        within, known = self._range(asked, site, at), await self.resources.recall(site.id, at)
        if asked.resource is not None and asked.resource not in known:
            raise NotFound
        wanted = [
            each for each in known.values() if asked.resource in (None, each.id) and asked.kind in (None, each.kind)
        ]
        ids = sorted({each for resource in wanted for each in resource.occupies})
        stood = await self.bookings.occupied_at(at, site.id, ids, with_gap(within, wanted))
        taken = [claim for each in stood for claim in each.claims]
        return Picture(site, within, wanted, ids, taken)

    def shown(self, asked: AvailabilityAsked, seen: Picture, at: datetime | None = None) -> AvailabilityView:
        """What of it is free, now or `at` that instant."""
        return self._shown(asked, seen, _ahead(seen.within, at or self.clock.now()))

    def _shown(self, asked: AvailabilityAsked, seen: Picture, ahead: Interval | None) -> AvailabilityView:
        site, within, taken = seen.site, seen.within, seen.time
        days = day_of(within.start, site.zone), day_of(within.end, site.zone) + timedelta(days=1)
        return AvailabilityView(
            site=site.id,
            from_=shown(within.start, site.zone),
            to=shown(within.end, site.zone),
            items=tuple(self._free(asked, resource, site, taken, ahead) for resource in seen.wanted),
            holidays=holiday_views(site.holidays(self.holidays, *days)),
        )

    def site_view(self, doc: dict[str, Any]) -> SiteView:
        return site_view(doc, self.holidays, day_of(self.clock.now(), zone_of(doc["time_zone"])))

    def _range(self, asked: AvailabilityAsked, site: Site, now: datetime) -> Interval:
        start = now if asked.from_ is None else bound(asked.from_, site.zone)
        end = start + USUAL_RANGE if asked.to is None else bound(asked.to, site.zone)
        if not start < end <= start + LONGEST_RANGE:
            raise RangeInvalid(longest_days=LONGEST_RANGE.days)
        return Interval(start, end)

    async def _wanted(self, asked: AvailabilityAsked) -> list[Resource]:
        if asked.resource is not None:
            resource = await self.resources.get(asked.site, asked.resource)
            return [resource] if asked.kind in (None, resource.kind) else []
        known = await self.resources.of(asked.site)
        return [each for each in known.values() if asked.kind in (None, each.kind)]

    def _free(
        self, asked: AvailabilityAsked, resource: Resource, site: Site, taken: TakenTime, ahead: Interval | None
    ) -> ResourceAvailabilityView:
        shortest = timedelta(minutes=asked.minutes or 0)
        ranges = free(resource, site, self.holidays, taken, ahead) if ahead else []
        return ResourceAvailabilityView(
            resource=resource.id,
            kind=resource.kind,
            name=text_view(resource.name),
            free=tuple(free_view(each, site.time_zone) for each in ranges if each.length >= shortest),
        )


def _ahead(within: Interval, now: datetime) -> Interval | None:
    """What of the range can still be booked: from the next granule on, for a use begins with one."""
    soonest = now + (EPOCH - now) % GRANULE
    return Interval(max(within.start, soonest), within.end) if within.end > soonest else None


def exceptions_page(doc: dict[str, Any], first: date | None, end: date | None) -> ExceptionPage:
    """Those of a site's document within the days, by date."""
    days = sorted(site_of(doc).exceptions.values(), key=lambda each: (each.day, each.resource or ""))
    items = exception_views(each for each in days if (first or each.day) <= each.day < (end or date.max))
    return ExceptionPage(items=items, version=doc["version"])


def _page(
    docs: list[dict[str, Any]], field: str, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The `limit` documents after the one whose `field` is `after`. Raises CursorUnknown."""
    places = {doc[field]: place for place, doc in enumerate(docs, start=1)}
    if after is not None and after not in places:
        raise CursorUnknown
    start = places[after] if after is not None else 0
    page = docs[start : start + limit]
    return page, page[-1][field] if start + limit < len(docs) else None

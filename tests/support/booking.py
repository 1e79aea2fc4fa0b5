"""Builders of the booking domain, and fakes of its collections."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from services.booking.app import load_holidays
from services.booking.domain.holding import SLOTS, hold_prefix
from services.booking.domain.opening import Opening
from services.booking.domain.party import Party, Period
from services.booking.domain.resource import Resource
from services.booking.domain.rights import Policy
from services.booking.domain.rules import Circumstances, Wanted
from services.booking.domain.series import SETTLE
from services.booking.domain.site import Calendar, Site
from services.booking.handlers import (
    AttendanceHandlers,
    BookingHandlers,
    MoveHandlers,
    SeriesHandlers,
    SeriesMoveHandlers,
    SeriesTimers,
    Timers,
)
from services.booking.handlers.claiming import Claiming
from services.booking.handlers.ground import Ground
from services.booking.handlers.parties import Parties
from services.booking.store import Bookings, Rights, SeriesStore, Units
from services.booking.store.rights import policy_of
from services.members.publish import row_view
from services.members.store.policies import first_table
from shared.contracts.booking import PlaceBooking, PlaceSeries
from shared.contracts.members import (
    POLICY_ID,
    MembershipView,
    MemberState,
    OrganizationKind,
    OrganizationState,
    PolicyRowView,
    PolicyState,
)
from shared.contracts.message import Asked, Command, Principal, Query, State
from shared.kernel.interval import Interval
from shared.kernel.refusal import NotFound
from shared.kernel.text import Text
from shared.kit.documents import Stored
from tests.support.documents import FakeDocuments
from tests.support.fake_bookings import FakeBookings, FakeSeriesStore

NEW_YORK = ZoneInfo("America/New_York")
HOLIDAYS = load_holidays()
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
SITE = Site(
    id="nyc",
    name=Text(ja="ニューヨーク", en="New York"),
    time_zone="America/New_York",
    calendars=(Calendar("us-federal", closes=True), Calendar("japan", closes=False)),
)
ROOM = Resource(
    id="room-a",
    site="nyc",
    kind="room",
    name=Text(ja="会議室A", en="Room A"),
    capacity=8,
    buffer_minutes=15,
    opening_hours=(Opening(WEEKDAYS, "09:00", "22:00"),),
)
ROOM_B = replace(ROOM, id="room-b", name=Text(ja="会議室B", en="Room B"), capacity=4)
YEARS = (Period(date(2026, 4, 1), date(2028, 3, 31)),)
MEMBER_A = Party("org-a", "ana", "special_member_a", "active", "Asia/Tokyo", YEARS)
TABLE = PolicyState(id=POLICY_ID, sequence=1, rows=tuple(map(row_view, first_table()[1].rows)))
"""The table of rights a new system has, as members tells it."""
POLICY = policy_of(TABLE)
NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in New York."""

S = TypeVar("S", bound=State)
Q = TypeVar("Q", bound=Command | Query)


def during(*days: str) -> tuple[Period, ...]:
    """Periods of membership, each `2026-04-01/2027-03-31`."""
    return tuple(Period(*map(date.fromisoformat, each.split("/"))) for each in days)


def ny(wall: str) -> datetime:
    """`2026-12-15 19:00` on New York's wall, as an instant."""
    return datetime.fromisoformat(wall).replace(tzinfo=NEW_YORK).astimezone(UTC)


def span(wall: str, minutes: int = 60) -> Interval:
    start = ny(wall)
    return Interval(start, start + timedelta(minutes=minutes))


def wish(wall: str = "2026-12-15 19:00", minutes: int = 60, **more: Any) -> Wanted:
    return Wanted(span(wall, minutes), booked_by="ana", booked_for="ana", **more)


def under(
    resource: Resource = ROOM, party: Party = MEMBER_A, site: Site = SITE, policy: Policy = POLICY
) -> Circumstances:
    return Circumstances(site, resource, party, policy, HOLIDAYS)


def table(*rows: dict[str, Any], version: int = 2) -> PolicyState:
    """A table of these rows, each for special members A, everything, everywhere, six months, unless it says other."""
    usual: dict[str, Any] = {"kind": "special_member_a", "site": "*", "resource": "*", "months_ahead": 6}
    return PolicyState(id=POLICY_ID, sequence=version, rows=tuple(PolicyRowView(**(usual | row)) for row in rows))


def all_free(circumstances: Circumstances, interval: Interval) -> dict[str, frozenset[int]]:
    """Pools nobody has drawn from, and Ana's slots for holds."""
    pools = {share.prefix: frozenset(range(share.total)) for share in circumstances.quota(interval)}
    return pools | {hold_prefix("ana"): SLOTS}


class StillClock:
    """Shows what it was last set to."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def member(name: str = "ana", organization: str | None = "org-a", **more: Any) -> Principal:
    return Principal(kind="member", id=name, organization=organization, roles=frozenset({"member"}), **more)


def staff(name: str = "stan", site: str = "nyc") -> Principal:
    return Principal(kind="member", id=name, organization="staff", roles=frozenset({"site_staff"}), site=site)


OPERATOR = Principal(kind="system", id="ops", roles=frozenset({"operator"}))


def asked(data: Q, by: Principal | None = None, *, key: str | None = None, **more: Any) -> Asked[Q]:
    """The envelope as the gateway makes it; the deadline is a day after NOW unless given."""
    deadline = more.pop("deadline", NOW + timedelta(days=1))
    of_model: Any = Asked  # subscribed with a type known only here
    envelope: Asked[Q] = of_model[type(data)](
        principal=by or member(), data=data, correlationid="corr-1", deadline=deadline, key=key, **more
    )
    return envelope


def to_place(wall: str = "2026-12-15 19:00", minutes: int = 60, **more: Any) -> PlaceBooking:
    start = ny(wall)
    ends_at = start + timedelta(minutes=minutes)
    values = {"site": "nyc", "resource": "room-a", "starts_at": start, "ends_at": ends_at, **more}
    return PlaceBooking(**values)


def to_repeat(wall: str = "2026-12-15 19:00", minutes: int = 60, **more: Any) -> PlaceSeries:
    """Four times, week by week, unless it says other."""
    start = ny(wall)
    ends_at = start + timedelta(minutes=minutes)
    values: dict[str, Any] = {"site": "nyc", "resource": "room-a", "starts_at": start, "ends_at": ends_at}
    return PlaceSeries(**values | {"recurrence": "FREQ=WEEKLY;COUNT=4"} | more)


class FakeCopy(dict[str, S]):
    """States by id, as a Copy answers them."""

    async def get(self, doc_id: str) -> S | None:  # type: ignore[override]  # a dict's get, awaited
        return super().get(doc_id)

    async def is_erased(self, doc_id: str) -> bool:
        return doc_id in self.erased

    erased: frozenset[str] = frozenset()


def organization(org: str = "org-a", kind: OrganizationKind = "special_member_a", **more: Any) -> OrganizationState:
    period = MembershipView(starts_on=date(2026, 4, 1), ends_on=date(2028, 3, 31))
    return OrganizationState(id=org, sequence=1, kind=kind, **{"status": "active", "membership": period, **more})


def member_state(name: str, *organizations: str, **more: Any) -> MemberState:
    return MemberState(id=name, sequence=1, organizations=organizations, **more)


class FakePeople(FakeCopy[MemberState]):
    """Members, and whom they assist."""

    async def assisted_by(self, member: str) -> list[str]:
        return [each.id for each in self.values() if member in each.assistants]


class FakeSites(dict[str, Site]):
    async def get(self, site: str) -> Site:  # type: ignore[override]  # a dict's get, awaited
        if site not in self:
            raise NotFound
        return self[site]


class FakeResources(dict[str, Resource]):
    """Those of New York."""

    async def of(self, site: str) -> Mapping[str, Resource]:
        return {name: each for name, each in self.items() if each.site == site}

    async def get(self, site: str, resource: str) -> Resource:  # type: ignore[override]  # a dict's get, awaited
        if resource not in self or self[resource].site != site:
            raise NotFound
        return self[resource]


class FakeHouse:
    """The handlers of booking over fakes: New York with rooms A and B, Ana and Ben of `org-a`, staff without quota."""

    def __init__(self, *rooms: Resource, site: Site = SITE) -> None:
        self.clock = StillClock()
        self.bookings = FakeBookings(FakeDocuments(self.clock))
        self.members = FakePeople(
            {name: member_state(name, org) for name, org in {"ana": "org-a", "ben": "org-a", "stan": "staff"}.items()}
        )
        self.organizations = FakeCopy(
            {"org-a": organization(), "staff": organization("staff", "linkj_staff")},
        )
        self.policies = FakeCopy({POLICY_ID: TABLE})
        self.resources = FakeResources({room.id: room for room in rooms or (ROOM, ROOM_B)})
        self.ground = Ground(
            sites=FakeSites({site.id: site}),
            resources=self.resources,
            parties=Parties(self.members, self.organizations),
            holidays=HOLIDAYS,
            rights=Rights(self.policies),
        )
        self.work_on(self.bookings)
        self.series = FakeSeriesStore(self.bookings.memory)
        self.repeat = self.repeating_on(self.series)
        self.reshape = self.reshaping_on(self.series)

    def work_on(self, bookings: Bookings) -> None:
        """From now on over this collection, which may be a real one."""
        self.units = Units(bookings)
        self.handle, self.timers = self.working_on(bookings)
        claiming = self.handle.claiming
        self.moving = MoveHandlers(
            bookings=bookings, ground=self.ground, claiming=claiming, clock=self.clock, chance=Random(8)
        )
        self.attendance = AttendanceHandlers(bookings=bookings, ground=self.ground, claiming=claiming, clock=self.clock)

    def working_on(self, bookings: Bookings) -> tuple[BookingHandlers, Timers]:
        """The handlers over this collection."""
        timers = Timers(bookings=bookings, clock=self.clock)
        claiming = Claiming(bookings=bookings, ground=self.ground, units=self.units, timers=timers)
        handle = BookingHandlers(
            bookings=bookings, ground=self.ground, claiming=claiming, clock=self.clock, chance=Random(7)
        )
        return handle, timers

    def repeating_on(self, series: SeriesStore) -> SeriesHandlers:
        """The handlers of series over this collection."""
        return SeriesHandlers(
            series=series, ground=self.ground, claiming=self.handle.claiming, clock=self.clock, chance=Random(9)
        )

    def reshaping_on(self, series: SeriesStore) -> SeriesMoveHandlers:
        """Those that change series, over this collection."""
        return SeriesMoveHandlers(
            series=series, ground=self.ground, claiming=self.handle.claiming, clock=self.clock, chance=Random(10)
        )

    async def run_to(self, at: datetime) -> None:
        """Moves the clock there and strikes every timer on the way, each at its own time, as the ticker would."""
        of_series = SeriesTimers(series=self.series, clock=self.clock).on_series
        handlers = {**self.timers.by_kind, SETTLE: of_series}
        while due := sorted(self._armed(at)):
            self.clock.at = max(self.clock.at, due[0][0])
            doc = self.bookings.memory.docs[due[0][1]]
            await handlers[doc["due_kind"]](doc)
        self.clock.at = at

    def _armed(self, until: datetime) -> list[tuple[datetime, str]]:
        docs = self.bookings.memory.docs.values()
        return [(doc["due_at"], doc["_id"]) for doc in docs if "due_at" in doc and doc["due_at"] <= until]

    def said(self, booking: str) -> list[str]:
        """What has happened to a booking, in order: `placed`, `confirmed`."""
        return [entry["type"].split("_")[1].split(".")[0] for entry in self.bookings.memory.docs[booking]["log"]]


async def place(house: FakeHouse, key: str = "k1", by: Principal | None = None, **more: Any) -> Stored:
    """A booking placed by Ana unless `by` says who; `more` as of `to_place`."""
    return await house.handle.place_booking(asked(to_place(**more), by, key=key))


def quota_of(doc: Mapping[str, Any]) -> list[str]:
    return [claim for claim in doc["claims"] if claim.startswith("quota|")]

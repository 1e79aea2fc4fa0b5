"""The only place where the objects of booking meet."""

import json
from collections.abc import Awaitable, Callable
from datetime import date
from importlib import resources
from random import Random
from typing import Any

from services.booking.domain.series import SETTLE
from services.booking.domain.site import Holidays
from services.booking.domain.waiting import ANSWER, LOOK
from services.booking.handlers import (
    AttendanceHandlers,
    BookingHandlers,
    ExceptionHandlers,
    MoveHandlers,
    PlaceHandlers,
    Retiming,
    SeriesHandlers,
    SeriesMoveHandlers,
    SeriesTimers,
    Timers,
    WaitlistHandlers,
)
from services.booking.handlers.claiming import Claiming
from services.booking.handlers.forgetting import Forgetting
from services.booking.handlers.ground import Ground
from services.booking.handlers.leaving import Changes, Leaving
from services.booking.handlers.offering import Offering
from services.booking.handlers.parties import Parties
from services.booking.handlers.turn import InTurn
from services.booking.publish import part_erased
from services.booking.queries import (
    BookingQueries,
    EntitlementQueries,
    PlaceQueries,
    PresenceQueries,
    SeriesQueries,
    StrikeQueries,
    WaitQueries,
    WatchQueries,
)
from services.booking.settings import Settings
from services.booking.store import (
    FORMS,
    Bookings,
    Departures,
    Names,
    NameState,
    People,
    Resources,
    Rights,
    SeriesStore,
    Sites,
    ToCome,
    Units,
    Waits,
)
from services.booking.store.departures import DEPARTURE
from services.booking.store.places import site_states
from services.booking.store.rights import FRESH_SECONDS
from services.booking.subscribers import (
    answer_attendance,
    answer_bookings,
    answer_entitlements,
    answer_exceptions,
    answer_places,
    answer_retiming,
    answer_series,
    answer_waitlist,
    answer_watching,
)
from shared.contracts.members import POLICY_ID, MemberState, OrganizationState, PolicyState
from shared.kernel.text import Text
from shared.kit import errands
from shared.kit.anchoring import anchored
from shared.kit.clock import is_virtual
from shared.kit.copies import Copy
from shared.kit.errands import Errands
from shared.kit.service import Service


def build(settings: Settings) -> Service:
    """One replica, not yet connected."""
    service = Service("booking", settings, FORMS)
    documents, holidays, clock = service.documents("bookings"), load_holidays(), service.clock
    bookings, series = Bookings(documents), SeriesStore(documents)
    waits = Waits(service.documents("waits"), service.collection("tickets"))
    sites = Sites(service.documents("sites", states=site_states))
    things, departures = Resources(service.documents("resources")), Departures(service.collection("departures"))
    changes = Changes(departures, clock)
    names = Names(service.copy(NameState, durable="booking__contact"))
    people, organizations, rights = _copies(
        service,
        changes,
        _forgetting(service, Forgetting(bookings, series, names, waits, sites.ids, service.relays["bookings"], clock)),
    )
    parties = Parties(members=people, organizations=organizations)
    ground = Ground(sites=sites, resources=things, parties=parties, holidays=holidays, rights=rights)
    timers = _timers(service, bookings, series)
    chance = Random()  # noqa: S311 — it spreads units of a pool; nobody gains by guessing one
    at_once = Claiming(bookings=bookings, ground=ground, units=Units(bookings), timers=timers)
    claiming, offering = _waitlist(service, at_once, waits, WaitQueries(waits, sites, things, parties), chance)
    handle = BookingHandlers(bookings=bookings, ground=ground, claiming=claiming, clock=clock, chance=chance)
    moving = MoveHandlers(bookings=bookings, ground=ground, claiming=claiming, clock=clock, chance=chance)
    _leave(service, (bookings, series), changes, offering, (people, organizations), sites)
    answer_bookings(service, handle, moving, BookingQueries(bookings, series, waits, sites, parties, clock))
    answer_series(
        service,
        SeriesHandlers(series=series, ground=ground, claiming=claiming, clock=clock, chance=chance),
        SeriesMoveHandlers(series=series, ground=ground, claiming=claiming, clock=clock, chance=chance),
        SeriesQueries(series, sites, parties),
    )
    answer_attendance(
        service,
        AttendanceHandlers(bookings=bookings, ground=ground, claiming=claiming, clock=clock),
        PresenceQueries(bookings, sites, parties, rights, names, clock),
        StrikeQueries(bookings, sites),
    )
    _answer_places(service, PlaceQueries(bookings, sites, things, holidays, clock))
    answer_entitlements(service, EntitlementQueries(parties, sites, rights, clock))
    return anchored(_retiming(service, waits, sites))


def _timers(service: Service, bookings: Bookings, series: SeriesStore) -> Timers:
    """They go by the database's clock, unless a test moves ours."""
    judge = None if is_virtual(service.clock) else service.mongo.server_time
    timers = Timers(bookings=bookings, clock=service.clock, judge=judge)
    of_series = SeriesTimers(series=series, clock=service.clock, judge=judge)
    service.ticker("bookings", {**timers.by_kind, SETTLE: of_series.on_series})
    return timers


def _leave(
    service: Service,
    booked: tuple[Bookings, SeriesStore],
    changes: Changes,
    offering: Offering,
    known: tuple[People, Copy[OrganizationState]],
    sites: Sites,
) -> None:
    """What becomes of what is to come when people or memberships go; and of what falls free by any change."""
    for each in booked:
        each.on_change(offering.on_change)
    leaving = Leaving(
        departures=changes.departures,
        bookings=booked[0],
        series=booked[1],
        offering=offering,
        people=known[0],
        organizations=known[1],
        sites=sites.ids,
        clock=changes.clock,
    )
    service.ticker("departures", {DEPARTURE: leaving.on_departure})


def _forgetting(service: Service, forgetting: Forgetting) -> Callable[[MemberState, Any], Awaitable[None]]:
    """What is owed to a member's tombstone; their coming bookings are a departure's."""
    documents = service.documents("errands")
    owed = Errands(documents, service.clock, site="booking", work=forgetting.work, said=part_erased)
    service.ticker("errands", {errands.DUE: owed.turn})
    service.background("outlived-texts", forgetting.outlived_texts)

    async def on_erased(member: MemberState, _: MemberState | None) -> None:
        await owed.begin(member.id, {})

    return on_erased


def _copies(
    service: Service, changes: Changes, on_erased: Callable[[MemberState, Any], Awaitable[None]]
) -> tuple[People, Copy[OrganizationState], Rights]:
    """What members tells, as fresh as rights have to be."""
    fresh = FRESH_SECONDS
    people = service.copy(
        MemberState,
        durable="booking__member",
        on_applied=changes.on_member,
        on_erased=on_erased,
        fresh_seconds=fresh,
    )
    organizations = service.copy(
        OrganizationState, durable="booking__organization", on_applied=changes.on_organization, fresh_seconds=fresh
    )
    policy = service.copy(PolicyState, durable="booking__policy", needs=POLICY_ID, fresh_seconds=fresh)
    return People(people), organizations, Rights(policy)


def _answer_places(service: Service, ask: PlaceQueries) -> None:
    handle = PlaceHandlers(sites=ask.sites, resources=ask.resources, clock=ask.clock)
    answer_places(service, handle, ask)
    exceptions = ExceptionHandlers(
        sites=ask.sites, resources=ask.resources, bookings=ask.bookings, holidays=ask.holidays, clock=ask.clock
    )
    answer_exceptions(service, exceptions, ask)
    answer_watching(service, WatchQueries(ask))


def _retiming(service: Service, waits: Waits, sites: Sites) -> Service:
    """Over bookings and series on whose changes nobody looks: what it frees is for the next that it moves."""
    documents, clock = service.stored["bookings"], service.clock
    bookings = Bookings(documents)
    retiming = Retiming(
        sites=sites,
        bookings=bookings,
        series=SeriesStore(documents),
        waits=waits,
        booked=ToCome(documents),
        waited_for=ToCome(service.stored["waits"]),
        timers=Timers(bookings=bookings, clock=clock),
        clock=clock,
    )
    answer_retiming(service, retiming)
    return service


def _waitlist(
    service: Service, claiming: Claiming, waits: Waits, ask: WaitQueries, chance: Random
) -> tuple[InTurn, Offering]:
    """Those who wait, and how all others claim while they do."""
    bookings, ground, timers, clock = claiming.bookings, claiming.ground, claiming.timers, service.clock
    offering = Offering(
        waits=waits,
        bookings=bookings,
        ground=ground,
        claiming=claiming,
        timers=timers,
        clock=clock,
        chance=chance,
    )
    service.ticker("waits", {LOOK: offering.on_look, ANSWER: offering.on_answer})
    line = WaitlistHandlers(
        waits=waits, bookings=bookings, ground=ground, offering=offering, clock=clock, chance=chance
    )
    answer_waitlist(service, line, ask)
    in_turn = InTurn(
        bookings=bookings, ground=ground, units=claiming.units, timers=timers, waits=waits, offering=offering
    )
    return in_turn, offering


def load_holidays() -> Holidays:
    """The snapshot beside this file; `python -m tools.snapshot_holidays` writes it."""
    stored = json.loads(resources.files(__package__).joinpath("holidays.json").read_text(encoding="utf-8"))
    return Holidays(
        version=stored["version"],
        calendars={
            calendar: {date.fromisoformat(day): Text(**name) for day, name in days.items()}
            for calendar, days in stored["calendars"].items()
        },
    )

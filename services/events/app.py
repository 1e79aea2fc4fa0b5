"""The only place where objects meet."""

from services.events.handlers.box_office import BoxOffice
from services.events.handlers.doors import Intake, Receipts, SiteDoors
from services.events.handlers.forgetting import Forgetting
from services.events.handlers.http_door import HttpDoor
from services.events.handlers.reading import READERS
from services.events.handlers.registering import Registering
from services.events.handlers.site_messages import SiteMessages
from services.events.handlers.tending import Tending
from services.events.publish import part_erased
from services.events.queries import PersonalQueries, RegistrationQueries, SeminarQueries, SiteQueries
from services.events.settings import Settings
from services.events.store import FORMS, Arrivals, Quarantine, Registrations, Seminars
from services.events.store.registrations import WAITS, states
from services.events.subscribers import subscribe_registrations, subscribe_seminars, subscribe_sites
from shared.contracts.booking import SiteState
from shared.contracts.members import MemberState
from shared.kit import errands
from shared.kit.anchoring import anchored
from shared.kit.copies import Copy
from shared.kit.errands import Errands
from shared.kit.nats.retry import Retry
from shared.kit.service import Service


def build(settings: Settings) -> Service:
    """One replica of the events service; nothing connects before it runs."""
    service = Service("events", settings, FORMS)
    sites = service.copy(SiteState, durable="events__site")
    seminars = Seminars(service.documents("seminars"))
    registrations = Registrations(service.documents("registrations", states=states), service.collection("tickets"))
    office = BoxOffice(seminars, registrations, service.clock)
    _attend(service, seminars, registrations, office, sites)
    service.ticker("registrations", {WAITS: office.on_waits})
    _sites(service, seminars, office, sites)
    subscribe_seminars(service, SeminarQueries(seminars.collection, registrations, sites))
    return anchored(service)


def _attend(
    service: Service, seminars: Seminars, registrations: Registrations, office: BoxOffice, sites: Copy[SiteState]
) -> None:
    views, clock = RegistrationQueries(registrations, sites), service.clock
    forgetting = Forgetting(seminars, registrations, office, clock)
    owed = Errands(service.documents("errands"), clock, site="events", work=forgetting.work, said=part_erased)

    async def on_erased(member: MemberState, _: MemberState | None) -> None:
        await owed.begin(member.id, {})

    members = service.copy(MemberState, durable="events__member", on_erased=on_erased)
    registering = Registering(seminars, registrations, office, is_erased=members.is_erased, views=views, clock=clock)
    service.ticker("errands", {errands.DUE: owed.turn})
    subscribe_registrations(service, registering, views, PersonalQueries(seminars, registrations, sites))


def _sites(service: Service, seminars: Seminars, office: BoxOffice, sites: Copy[SiteState]) -> None:
    arrivals = Arrivals(service.collection("arrivals"))
    quarantine = Quarantine(service.collection("quarantine"))
    messages = SiteMessages(seminars, arrivals, quarantine, readers=READERS, changed=office.changed)
    receipts = Receipts(service.publisher)
    views = SiteQueries(quarantine, sites)
    doors = SiteDoors(
        messages,
        receipts,
        sites=sites,
        intake=Intake(service.batch_loop, Retry(service.publisher, service.gate), service.durables),
        clock=service.clock,
    )
    service.background("site-doors", doors.run)
    door = HttpDoor(arrivals, sites=sites, publisher=service.publisher, clock=service.clock)
    tending = Tending(messages, quarantine, receipts=receipts, views=views, clock=service.clock)
    subscribe_sites(service, door, tending, views)

"""The only place where notify's objects meet."""

from email.headerregistry import Address
from email.utils import parseaddr

from services.notify.compose import Composer
from services.notify.handlers import (
    Announcements,
    Bookings,
    Directly,
    Inbox,
    Memberships,
    Results,
    SeriesNews,
    Waitlist,
)
from services.notify.handlers.forgetting import Forgetting
from services.notify.letter import address
from services.notify.personal import PersonalQueries
from services.notify.publish import part_erased
from services.notify.queries import Queries
from services.notify.sender import Outgoing, Sender
from services.notify.settings import Settings
from services.notify.smtp import Connection, Mailbox
from services.notify.store import FORMS, Audience, Broadcasts, Endings, Known, Mails, Notices, People, Sites
from services.notify.store.broadcasts import FAN_OUT
from services.notify.subscribers import (
    answer_members,
    subscribe_to_announcements,
    subscribe_to_attendance,
    subscribe_to_bookings,
    subscribe_to_forgetting,
    subscribe_to_leaving,
    subscribe_to_memberships,
    subscribe_to_results,
)
from services.notify.subscribers.series import subscribe_to_series
from services.notify.subscribers.waitlist import subscribe_to_waitlist
from services.notify.tell import Rows, Teller
from services.notify.wording import Wording
from shared.contracts.booking import SiteState
from shared.contracts.events import RegistrationState
from shared.contracts.members import ContactState
from shared.kit import errands
from shared.kit.anchoring import anchored
from shared.kit.copies import Erased
from shared.kit.errands import Errands
from shared.kit.health import Health
from shared.kit.service import Service


def build(settings: Settings) -> Service:
    """One replica. Raises ValueError for a LOUNGE_SMTP_URL or LOUNGE_MAIL_FROM that cannot be one."""
    service = Service("notify", settings, FORMS)
    wording, mails = Wording(), Mails(service.collection("mails"))
    notices, broadcasts = Notices(service.documents("notices")), Broadcasts(service.collection("broadcasts"))
    origin = _origin(settings.mail_from)
    outgoing = _outgoing(settings, origin, service.health)
    forgetting = Forgetting(mails, notices, service.relays["notices"], Mailbox(outgoing.connect), service.clock)

    async def on_registration(state: RegistrationState) -> None:
        await announcements.on_registration(state)

    known = Known(
        People(service.copy(ContactState, durable="notify__contact", on_erased=_forget(service, forgetting))),
        Sites(service.copy(SiteState, durable="notify__site")),
        Audience(service.copy(RegistrationState, durable="notify__registration", on_applied=on_registration)),
        Endings(service.collection("endings")),
    )
    composer = Composer(wording, known.people, known.sites, broadcasts, origin)
    sender = Sender(mails, known.endings, composer, outgoing, service.clock)
    teller = Teller(Rows(mails, notices, sender.nudge), known.sites, wording, service.clock)
    announcements = Announcements(teller, known, broadcasts, service.clock)
    _hear(service, Directly(teller, known), known, announcements)
    queries = Queries(notices.collection)
    personal = PersonalQueries(known.people, queries, notices, mails)
    answer_members(service, Inbox(notices, mails, service.clock, sender.nudge), queries, personal)
    service.ticker("broadcasts", {FAN_OUT: announcements.continue_fan_out})
    service.background("sender", sender.run)
    service.after_stop(sender.close)
    return anchored(service)


def _hear(service: Service, directly: Directly, known: Known, announcements: Announcements) -> None:
    bookings = Bookings(directly, known.endings)
    subscribe_to_bookings(service, bookings)
    subscribe_to_leaving(service, bookings)
    subscribe_to_attendance(service, bookings)
    subscribe_to_waitlist(service, Waitlist(directly, known.endings))
    subscribe_to_series(service, SeriesNews(directly, known.endings))
    subscribe_to_results(service, Results(directly, known))
    subscribe_to_memberships(service, Memberships(directly, known.endings))
    subscribe_to_announcements(service, announcements)


def _forget(service: Service, forgetting: Forgetting) -> Erased[ContactState]:
    """What is owed to time, and to a contact's tombstone."""
    owed = Errands(service.documents("errands"), service.clock, site="notify", work=forgetting.work, said=part_erased)
    subscribe_to_forgetting(service, forgetting)
    service.ticker("errands", {errands.DUE: owed.turn})
    service.background("outlived-notices", forgetting.outlived)

    async def on_erased(contact: ContactState, before: ContactState | None) -> None:
        await owed.begin(contact.id, {"email": before.email} if before is not None else {})

    return on_erased


def _origin(mail_from: str) -> Address:
    name, spec = parseaddr(mail_from)
    return address(spec, name)


def _outgoing(settings: Settings, origin: Address, health: Health) -> Outgoing:
    def connect() -> Connection:
        return Connection(settings.smtp_url.get_secret_value(), seconds=settings.smtp_timeout, hostname=origin.domain)

    def heard(taken: bool) -> None:
        if taken:
            health.good("smtp")
        else:
            health.degrade("smtp", "the mail server cannot be reached; mails wait")

    connect()  # an address that cannot be one stops the start, not the first mail
    return Outgoing(connect, origin.addr_spec, settings.smtp_connections, heard)

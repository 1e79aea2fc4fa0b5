"""The only place where notify's objects meet."""

from email.headerregistry import Address
from email.utils import parseaddr

from services.notify.compose import Composer
from services.notify.handlers import Announcements, Bookings, Directly, Inbox, Memberships, Results
from services.notify.letter import address
from services.notify.queries import Queries
from services.notify.sender import Outgoing, Sender
from services.notify.settings import Settings
from services.notify.smtp import Connection
from services.notify.store import FORMS, Audience, Broadcasts, Endings, Known, Mails, Notices, People, Sites
from services.notify.store.broadcasts import FAN_OUT
from services.notify.subscribers import (
    answer_members,
    subscribe_to_announcements,
    subscribe_to_bookings,
    subscribe_to_leaving,
    subscribe_to_memberships,
    subscribe_to_results,
)
from services.notify.tell import Rows, Teller
from services.notify.wording import Wording
from shared.contracts.booking import SiteState
from shared.contracts.events import RegistrationState
from shared.contracts.members import ContactState
from shared.kit.anchoring import anchored
from shared.kit.health import Health
from shared.kit.service import Service


def build(settings: Settings) -> Service:
    """One replica. Raises ValueError for a LOUNGE_SMTP_URL or LOUNGE_MAIL_FROM that cannot be one."""
    service = Service("notify", settings, FORMS)
    wording, mails = Wording(), Mails(service.collection("mails"))
    notices, broadcasts = Notices(service.documents("notices")), Broadcasts(service.collection("broadcasts"))

    async def on_registration(state: RegistrationState) -> None:
        await announcements.on_registration(state)

    known = Known(
        People(service.copy(ContactState, durable="notify__contact")),
        Sites(service.copy(SiteState, durable="notify__site")),
        Audience(service.copy(RegistrationState, durable="notify__registration", on_applied=on_registration)),
        Endings(service.collection("endings")),
    )
    origin = _origin(settings.mail_from)
    composer = Composer(wording, known.people, known.sites, broadcasts, origin)
    sender = Sender(mails, composer, _outgoing(settings, origin, service.health), service.clock)
    teller = Teller(Rows(mails, notices, sender.nudge), known.sites, wording, service.clock)
    announcements = Announcements(teller, known, broadcasts, service.clock)
    directly = Directly(teller, known)
    bookings = Bookings(directly, known.endings)
    subscribe_to_bookings(service, bookings)
    subscribe_to_leaving(service, bookings)
    subscribe_to_results(service, Results(directly, known))
    subscribe_to_memberships(service, Memberships(directly, known.endings))
    subscribe_to_announcements(service, announcements)
    answer_members(service, Inbox(notices, mails, service.clock, sender.nudge), Queries(notices.collection))
    service.ticker("broadcasts", {FAN_OUT: announcements.continue_fan_out})
    service.background("sender", sender.run)
    service.after_stop(sender.close)
    return anchored(service)


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

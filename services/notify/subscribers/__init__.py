"""Subject → handler."""

from faststream import AckPolicy

from services.notify.handlers import Announcements, Bookings, Inbox, Memberships, Results
from services.notify.handlers.forgetting import Forgetting
from services.notify.personal import PersonalQueries
from services.notify.queries import Queries
from shared.contracts.booking import (
    BookingCancelled,
    BookingChallenged,
    BookingChanged,
    BookingConfirmed,
    BookingExpired,
    BookingHandedOver,
    BookingMoved,
    BookingNoShow,
    BookingPlaced,
    BookingRedacted,
    BookingReminded,
    BookingSubmitted,
)
from shared.contracts.events import RegistrationPlaced, RegistrationPromoted, SeminarCancelled, SeminarChanged
from shared.contracts.members import OrganizationStatusChanged, RenewalDue, SessionReused
from shared.contracts.message import Answer, Asked
from shared.contracts.notify import ListNotices, PersonalDataInNotify, ReadNotice, SendSignInCode
from shared.kit.answers import answer
from shared.kit.service import Received, Service


def subscribe_to_bookings(service: Service, bookings: Bookings) -> None:
    """Events about one person's booking."""

    @service.event(
        stream="EVENTS",
        durable="notify__booking_placed",
        model=BookingPlaced,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=32,
    )
    async def booking_placed(event: Received[BookingPlaced]) -> None:
        await bookings.on_placed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__booking_submitted",
        model=BookingSubmitted,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_submitted(event: Received[BookingSubmitted]) -> None:
        await bookings.on_submitted(event)

    @service.event(
        stream="EVENTS",
        durable="notify__booking_confirmed",
        model=BookingConfirmed,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_confirmed(event: Received[BookingConfirmed]) -> None:
        await bookings.on_confirmed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__booking_reminded",
        model=BookingReminded,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_reminded(event: Received[BookingReminded]) -> None:
        await bookings.on_reminded(event)

    @service.event(
        stream="EVENTS",
        durable="notify__booking_challenged",
        model=BookingChallenged,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_challenged(event: Received[BookingChallenged]) -> None:
        await bookings.on_challenged(event)

    @service.event(
        stream="EVENTS",
        durable="notify__booking_moved",
        model=BookingMoved,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_moved(event: Received[BookingMoved]) -> None:
        await bookings.on_moved(event)

    @service.event(
        stream="EVENTS",
        durable="notify__booking_changed",
        model=BookingChanged,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_changed(event: Received[BookingChanged]) -> None:
        await bookings.on_changed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__booking_cancelled",
        model=BookingCancelled,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_cancelled(event: Received[BookingCancelled]) -> None:
        await bookings.on_cancelled(event)

    @service.event(
        stream="EVENTS",
        durable="notify__booking_expired",
        model=BookingExpired,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_expired(event: Received[BookingExpired]) -> None:
        await bookings.on_expired(event)


def subscribe_to_attendance(service: Service, bookings: Bookings) -> None:
    """What becomes of a booking to which nobody came. Who comes or goes is told nothing: they did it themselves."""

    @service.event(
        stream="EVENTS",
        durable="notify__booking_no_show",
        model=BookingNoShow,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_no_show(event: Received[BookingNoShow]) -> None:
        await bookings.on_no_show(event)


def subscribe_to_leaving(service: Service, bookings: Bookings) -> None:
    """What becomes of a booking whose holder left."""

    @service.event(
        stream="EVENTS",
        durable="notify__booking_handed_over",
        model=BookingHandedOver,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def booking_handed_over(event: Received[BookingHandedOver]) -> None:
        await bookings.on_handed_over(event)


def subscribe_to_memberships(service: Service, memberships: Memberships) -> None:
    """Events about an organization's membership, for its admins."""

    @service.event(
        stream="EVENTS",
        durable="notify__organization_status_changed",
        model=OrganizationStatusChanged,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=2,
    )
    async def organization_status_changed(event: Received[OrganizationStatusChanged]) -> None:
        await memberships.on_status_changed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__renewal_due",
        model=RenewalDue,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=2,
    )
    async def renewal_due(event: Received[RenewalDue]) -> None:
        await memberships.on_renewal_due(event)


def subscribe_to_results(service: Service, results: Results) -> None:
    """Events about one person's own doing."""

    @service.event(
        stream="EVENTS",
        durable="notify__registration_placed",
        model=RegistrationPlaced,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=8,
    )
    async def registration_placed(event: Received[RegistrationPlaced]) -> None:
        await results.on_registration_placed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__registration_promoted",
        model=RegistrationPromoted,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def registration_promoted(event: Received[RegistrationPromoted]) -> None:
        await results.on_registration_promoted(event)

    @service.event(
        stream="EVENTS",
        durable="notify__session_reused",
        model=SessionReused,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=2,
    )
    async def session_reused(event: Received[SessionReused]) -> None:
        await results.on_session_reused(event)


def subscribe_to_announcements(service: Service, announcements: Announcements) -> None:
    """Events about a seminar, for all who come to it."""

    @service.event(
        stream="EVENTS",
        durable="notify__seminar_changed",
        model=SeminarChanged,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=2,
    )
    async def seminar_changed(event: Received[SeminarChanged]) -> None:
        await announcements.on_seminar_changed(event)

    @service.event(
        stream="EVENTS",
        durable="notify__seminar_cancelled",
        model=SeminarCancelled,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=2,
    )
    async def seminar_cancelled(event: Received[SeminarCancelled]) -> None:
        await announcements.on_seminar_cancelled(event)


def subscribe_to_forgetting(service: Service, forgetting: Forgetting) -> None:
    """What people wrote is gone at its owner, and has to go here."""

    @service.event(
        stream="EVENTS",
        durable="notify__booking_redacted",
        model=BookingRedacted,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=1,
    )
    async def booking_redacted(event: Received[BookingRedacted]) -> None:
        await forgetting.on_booking_redacted(event)


def answer_members(service: Service, inbox: Inbox, queries: Queries, personal: PersonalQueries) -> None:
    """Commands and queries."""

    @service.command(PersonalDataInNotify)
    async def personal_data(ask: Asked[PersonalDataInNotify]) -> Answer:
        return answer(await personal.personal_data(ask))

    @service.command(ListNotices)
    async def list_notices(ask: Asked[ListNotices]) -> Answer:
        return answer(await queries.list_notices(ask.data, ask.principal))

    @service.command(ReadNotice)
    async def read_notice(ask: Asked[ReadNotice]) -> Answer:
        notice, replay = await inbox.read_notice(ask)
        return answer(notice, replay=replay)

    @service.command(SendSignInCode)
    async def send_sign_in_code(ask: Asked[SendSignInCode]) -> Answer:
        await inbox.send_sign_in_code(ask)
        return answer(None, status=202)

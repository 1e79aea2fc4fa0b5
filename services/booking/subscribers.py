"""Subject → handler. Copies of members and organizations are fed in `app.py`: nothing is decided on their arrival."""

from datetime import timedelta

from services.booking.handlers import (
    AttendanceHandlers,
    BookingHandlers,
    ExceptionHandlers,
    MoveHandlers,
    PlaceHandlers,
    Retiming,
    SeriesHandlers,
    SeriesMoveHandlers,
    WaitlistHandlers,
)
from services.booking.queries import (
    BookingQueries,
    EntitlementQueries,
    PlaceQueries,
    PresenceQueries,
    SeriesQueries,
    StrikeQueries,
    WaitQueries,
    WatchQueries,
    booking_view,
    resource_view,
    series_view,
)
from services.booking.queries.places import exceptions_page
from shared.contracts import booking as said
from shared.contracts.message import Answer, Asked
from shared.kit.answers import answer
from shared.kit.service import Service


def answer_bookings(service: Service, handle: BookingHandlers, moving: MoveHandlers, ask: BookingQueries) -> None:
    """Commands and queries about bookings."""
    _answer_privacy(service, ask)

    @service.command(said.PlaceBooking)
    async def place_booking(msg: Asked[said.PlaceBooking]) -> Answer:
        stored = await handle.place_booking(msg)
        return answer(booking_view(stored.doc), status=201, replay=stored.replay)

    @service.command(said.ConfirmBooking)
    async def confirm_booking(msg: Asked[said.ConfirmBooking]) -> Answer:
        stored = await handle.confirm_booking(msg)
        return answer(booking_view(stored.doc), replay=stored.replay)

    @service.command(said.ApproveBooking)
    async def approve_booking(msg: Asked[said.ApproveBooking]) -> Answer:
        stored = await handle.approve_booking(msg)
        return answer(booking_view(stored.doc), replay=stored.replay)

    @service.command(said.RejectBooking)
    async def reject_booking(msg: Asked[said.RejectBooking]) -> Answer:
        stored = await handle.reject_booking(msg)
        return answer(booking_view(stored.doc), replay=stored.replay)

    @service.command(said.ChangeBooking)
    async def change_booking(msg: Asked[said.ChangeBooking]) -> Answer:
        stored = await moving.change_booking(msg)
        return answer(booking_view(stored.doc), replay=stored.replay)

    @service.command(said.CancelBooking)
    async def cancel_booking(msg: Asked[said.CancelBooking]) -> Answer:
        stored = await handle.cancel_booking(msg)
        return answer(booking_view(stored.doc), replay=stored.replay)

    @service.command(said.GetBooking)
    async def get_booking(msg: Asked[said.GetBooking]) -> Answer:
        return answer(await ask.get_booking(msg))

    @service.command(said.ListBookings)
    async def list_bookings(msg: Asked[said.ListBookings]) -> Answer:
        return answer(await ask.list_bookings(msg))

    @service.command(said.BookingHistory)
    async def booking_history(msg: Asked[said.BookingHistory]) -> Answer:
        return answer(await ask.booking_history(msg))


def _answer_privacy(service: Service, ask: BookingQueries) -> None:
    """What is kept of one person."""

    @service.command(said.PersonalDataInBooking)
    async def personal_data(msg: Asked[said.PersonalDataInBooking]) -> Answer:
        return answer(await ask.personal_data(msg))


def answer_attendance(
    service: Service, handle: AttendanceHandlers, there: PresenceQueries, strikes: StrikeQueries
) -> None:
    """Commands of who comes and goes, and the queries who is there and who did not come."""

    @service.command(said.CheckInBooking)
    async def check_in_booking(msg: Asked[said.CheckInBooking]) -> Answer:
        stored = await handle.check_in_booking(msg)
        return answer(booking_view(stored.doc), replay=stored.replay)

    @service.command(said.CheckOutBooking)
    async def check_out_booking(msg: Asked[said.CheckOutBooking]) -> Answer:
        stored = await handle.check_out_booking(msg)
        return answer(booking_view(stored.doc), replay=stored.replay)

    @service.command(said.Presence)
    async def presence(msg: Asked[said.Presence]) -> Answer:
        return answer(await there.presence(msg))

    @service.command(said.ForgiveStrike)
    async def forgive_strike(msg: Asked[said.ForgiveStrike]) -> Answer:
        stored = await handle.forgive_strike(msg)
        return answer(booking_view(stored.doc), replay=stored.replay)

    @service.command(said.Strikes)
    async def list_strikes(msg: Asked[said.Strikes]) -> Answer:
        return answer(await strikes.strikes(msg))


def answer_waitlist(service: Service, handle: WaitlistHandlers, ask: WaitQueries) -> None:
    """Commands and queries about those who wait."""

    @service.command(said.JoinWaitlist)
    async def join_waitlist(msg: Asked[said.JoinWaitlist]) -> Answer:
        stored = await handle.join_waitlist(msg)
        return answer(await ask.view(stored.doc), status=201, replay=stored.replay)

    @service.command(said.LeaveWaitlist)
    async def leave_waitlist(msg: Asked[said.LeaveWaitlist]) -> Answer:
        stored = await handle.leave_waitlist(msg)
        return answer(await ask.view(stored.doc), replay=stored.replay)

    @service.command(said.AcceptOffer)
    async def accept_offer(msg: Asked[said.AcceptOffer]) -> Answer:
        stored = await handle.accept_offer(msg)
        return answer(await ask.view(stored.doc), replay=stored.replay)

    @service.command(said.DeclineOffer)
    async def decline_offer(msg: Asked[said.DeclineOffer]) -> Answer:
        stored = await handle.decline_offer(msg)
        return answer(await ask.view(stored.doc), replay=stored.replay)

    @service.command(said.GetWait)
    async def get_wait(msg: Asked[said.GetWait]) -> Answer:
        return answer(await ask.get_wait(msg))

    @service.command(said.ListWaits)
    async def list_waits(msg: Asked[said.ListWaits]) -> Answer:
        return answer(await ask.list_waits(msg))


def answer_series(service: Service, handle: SeriesHandlers, moving: SeriesMoveHandlers, ask: SeriesQueries) -> None:
    """Commands and queries about series."""

    @service.command(said.PlaceSeries)
    async def place_series(msg: Asked[said.PlaceSeries]) -> Answer:
        stored = await handle.place_series(msg)
        return answer(series_view(stored.doc), status=201, replay=stored.replay)

    @service.command(said.ChangeSeries)
    async def change_series(msg: Asked[said.ChangeSeries]) -> Answer:
        stored = await moving.change_series(msg)
        return answer(series_view(stored.doc), replay=stored.replay)

    @service.command(said.CancelSeries)
    async def cancel_series(msg: Asked[said.CancelSeries]) -> Answer:
        stored = await handle.cancel_series(msg)
        return answer(series_view(stored.doc), replay=stored.replay)

    @service.command(said.ApproveSeries)
    async def approve_series(msg: Asked[said.ApproveSeries]) -> Answer:
        stored = await handle.approve_series(msg)
        return answer(series_view(stored.doc), replay=stored.replay)

    @service.command(said.RejectSeries)
    async def reject_series(msg: Asked[said.RejectSeries]) -> Answer:
        stored = await handle.reject_series(msg)
        return answer(series_view(stored.doc), replay=stored.replay)

    @service.command(said.GetSeries)
    async def get_series(msg: Asked[said.GetSeries]) -> Answer:
        return answer(await ask.get_series(msg))

    @service.command(said.ListSeries)
    async def list_series(msg: Asked[said.ListSeries]) -> Answer:
        return answer(await ask.list_series(msg))

    @service.command(said.SeriesHistory)
    async def series_history(msg: Asked[said.SeriesHistory]) -> Answer:
        return answer(await ask.series_history(msg))


def answer_places(service: Service, handle: PlaceHandlers, ask: PlaceQueries) -> None:
    """Commands and queries about sites, their resources, and what is free."""

    @service.command(said.DefineSite)
    async def define_site(msg: Asked[said.DefineSite]) -> Answer:
        return answer(ask.site_view((await handle.define_site(msg)).doc))

    @service.command(said.PutResource)
    async def put_resource(msg: Asked[said.PutResource]) -> Answer:
        return answer(resource_view((await handle.put_resource(msg)).doc))

    @service.command(said.GetSite)
    async def get_site(msg: Asked[said.GetSite]) -> Answer:
        return answer(await ask.get_site(msg))

    @service.command(said.ListSites)
    async def list_sites(msg: Asked[said.ListSites]) -> Answer:
        return answer(await ask.list_sites(msg))

    @service.command(said.ListResources)
    async def list_resources(msg: Asked[said.ListResources]) -> Answer:
        return answer(await ask.list_resources(msg))

    look = ask.shared()

    @service.command(said.Availability)
    async def availability(msg: Asked[said.Availability]) -> Answer:
        return answer(await look(msg.data))


def answer_exceptions(service: Service, handle: ExceptionHandlers, ask: PlaceQueries) -> None:
    """The command and the query about exceptional days."""

    @service.command(said.PutException)
    async def put_exception(msg: Asked[said.PutException]) -> Answer:
        stored, day = await handle.put_exception(msg), msg.data.date
        return answer(exceptions_page(stored.doc, day, day + timedelta(days=1)))

    @service.command(said.ListExceptions)
    async def list_exceptions(msg: Asked[said.ListExceptions]) -> Answer:
        return answer(await ask.list_exceptions(msg))


def answer_retiming(service: Service, handle: Retiming) -> None:
    """The command of ops after a zone has got other rules."""

    @service.command(said.RetimeBookings)
    async def retime_bookings(msg: Asked[said.RetimeBookings]) -> Answer:
        return answer(await handle.retime_bookings(msg))


def answer_watching(service: Service, ask: WatchQueries) -> None:
    """What a stream of availability asks."""

    @service.command(said.AvailabilitySnapshot)
    async def availability_snapshot(msg: Asked[said.AvailabilitySnapshot]) -> Answer:
        return answer(await ask.snapshot(msg))

    @service.command(said.Occupancy)
    async def occupancy(msg: Asked[said.Occupancy]) -> Answer:
        return answer(await ask.occupancy(msg))


def answer_entitlements(service: Service, ask: EntitlementQueries) -> None:
    """The query about rights."""

    @service.command(said.Entitlements)
    async def entitlements(msg: Asked[said.Entitlements]) -> Answer:
        return answer(await ask.entitlements(msg))

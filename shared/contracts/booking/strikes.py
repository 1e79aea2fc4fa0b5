"""Strikes: what is noted of a person who did not come."""

from typing import Annotated

from pydantic import Field

from shared.contracts.booking.bookings import BookingView, Reason
from shared.contracts.booking.words import Limit
from shared.contracts.message import BilingualView, Command, Id, Query, SiteId, View, personal


class ForgiveStrike(Command, wire="cmd.booking.forgive_strike.v1", reply=BookingView):
    """Staff of the site: the no-show no longer counts against whom it was for. Its hours stay drawn."""

    id: Id
    reason: Annotated[Reason, personal()]


class StrikeView(View):
    """One no-show of a person, at `at`; forgiven by whom, when and why, where it was. `booking` is whose it is."""

    booking: Id
    site: SiteId
    resource: Id
    resource_name: BilingualView
    starts_at: str
    at: str
    forgiven_by: Id | None = None
    forgiven_at: str | None = None
    reason: Annotated[str | None, personal()] = None


class StrikePage(View):
    """`standing`: how many of all there are have not been forgiven."""

    standing: int
    items: tuple[StrikeView, ...]
    next: str | None = None


class Strikes(Query, wire="qry.booking.strikes.v1", reply=StrikePage):
    """The latest first: one's own of every site, for staff those of anybody at their site."""

    member: Id
    site: SiteId | None = None
    limit: Annotated[Limit, Field()] = 50

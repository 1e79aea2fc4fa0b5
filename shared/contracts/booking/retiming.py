"""What ops asks once a zone has other rules: that what is to come is again when its clocks show what was meant."""

from typing import Literal

from shared.contracts.booking.words import LocalView
from shared.contracts.message import Command, Id, SiteId, View

StayingReason = Literal["slot-taken", "nonexistent-local-time", "has-begun", "already-waiting", "offer-stays"]


class StayedView(View):
    """Left at the instants it had; `meant` is when it was to be.

    `slot-taken`: somebody else has that time by now. `nonexistent-local-time`: the clocks skip it. `has-begun`: it
    would have begun already. Of what is waited for, `already-waiting`: by another entry; `offer-stays`: what is offered
    could not be moved.
    """

    kind: Literal["booking", "series", "waitlist"]
    id: Id
    index: int | None = None
    resource: Id | None = None
    starts_at: str
    meant: LocalView
    reason: StayingReason


class RetimedView(View):
    """One turn. With `more` there is work left: ask again. `stayed` are those of them that could not be moved.

    Times of a series count one each. `anchored_elsewhere` keep the wall of another zone than the site's: not moved.
    """

    site: SiteId
    looked_at: int
    anchored_elsewhere: int
    moved: int
    stayed: tuple[StayedView, ...]
    more: bool


class RetimeBookings(Command, wire="cmd.booking.retime_bookings.v1", reply=RetimedView):
    """Ops only: a turn of moving what is to come at a site to the instants its clocks now show as they were meant.

    Asked again it goes on. With `dry_run` nothing is written, and there is one turn.
    """

    site: SiteId
    dry_run: bool = False

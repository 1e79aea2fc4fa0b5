"""The waiting list of the lounges."""

from services.gateway.calls import Call
from services.gateway.policy import SIGNED_IN
from shared.contracts.booking import AcceptOffer, DeclineOffer, GetWait, JoinWaitlist, LeaveWaitlist, ListWaits

_READ = "bookings:read"
_WRITE = "bookings:write"

CALLS = (
    Call(
        method="POST",
        path="/v1/booking-waitlist",
        summary="Wait for a range on a resource, or on any of a kind",
        ask=JoinWaitlist,
        policy=SIGNED_IN.within(_WRITE),
        key="required",
        status=201,
    ),
    Call(
        method="GET",
        path="/v1/booking-waitlist",
        summary="What I wait for, or for staff all who wait at the site",
        ask=ListWaits,
        policy=SIGNED_IN.within(_READ),
    ),
    Call(
        method="GET",
        path="/v1/booking-waitlist/{id}",
        summary="One entry: its position, what is offered",
        ask=GetWait,
        policy=SIGNED_IN.within(_READ),
    ),
    Call(
        method="DELETE",
        path="/v1/booking-waitlist/{id}",
        summary="Give the place up for good",
        ask=LeaveWaitlist,
        policy=SIGNED_IN.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="POST",
        path="/v1/booking-waitlist/{id}/accept",
        summary="Take what is offered",
        ask=AcceptOffer,
        policy=SIGNED_IN.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="POST",
        path="/v1/booking-waitlist/{id}/decline",
        summary="Leave what is offered to the next",
        ask=DeclineOffer,
        policy=SIGNED_IN.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
)

"""Sites, resources, availability, bookings."""

from services.gateway.calls import Call
from services.gateway.policy import EVERY_PRINCIPAL, SIGNED_IN, STAFF
from shared.contracts.booking import (
    ApproveBooking,
    Availability,
    BookingHistory,
    CancelBooking,
    ConfirmBooking,
    GetBooking,
    GetSite,
    ListBookings,
    ListResources,
    ListSites,
    PlaceBooking,
    PutResource,
    RejectBooking,
)

_READ = "bookings:read"
_WRITE = "bookings:write"

CALLS = (
    Call(
        method="POST",
        path="/v1/bookings",
        summary="Book a resource",
        ask=PlaceBooking,
        policy=SIGNED_IN.within(_WRITE),
        key="required",
        status=201,
    ),
    Call(
        method="GET",
        path="/v1/bookings",
        summary="My bookings, or for staff the site's",
        ask=ListBookings,
        policy=SIGNED_IN.within(_READ),
    ),
    Call(
        method="GET",
        path="/v1/bookings/{id}",
        summary="One booking",
        ask=GetBooking,
        policy=SIGNED_IN.within(_READ),
    ),
    Call(
        method="GET",
        path="/v1/bookings/{id}/history",
        summary="What happened to a booking, in order",
        ask=BookingHistory,
        policy=SIGNED_IN.within(_READ),
    ),
    Call(
        method="POST",
        path="/v1/bookings/{id}/confirm",
        summary="Confirm a hold or a provisional booking",
        ask=ConfirmBooking,
        policy=SIGNED_IN.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="POST",
        path="/v1/bookings/{id}/approve",
        summary="Confirm what waits for approval",
        ask=ApproveBooking,
        policy=STAFF.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="POST",
        path="/v1/bookings/{id}/reject",
        summary="Cancel what waits for approval",
        ask=RejectBooking,
        policy=STAFF.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="POST",
        path="/v1/bookings/{id}/cancel",
        summary="Give the time back, and in time the hours",
        ask=CancelBooking,
        policy=SIGNED_IN.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="GET",
        path="/v1/sites",
        summary="The sites",
        ask=ListSites,
        policy=EVERY_PRINCIPAL.within(_READ),
    ),
    Call(
        method="GET",
        path="/v1/sites/{site}",
        summary="One site: name, time zone, calendars",
        ask=GetSite,
        policy=EVERY_PRINCIPAL.within(_READ),
        fills={"site": "id"},
    ),
    Call(
        method="GET",
        path="/v1/sites/{site}/resources",
        summary="What can be booked at a site",
        ask=ListResources,
        policy=EVERY_PRINCIPAL.within(_READ),
    ),
    Call(
        method="PUT",
        path="/v1/sites/{site}/resources/{id}",
        summary="Define a resource: hours, granule, clean-up buffer, rules",
        ask=PutResource,
        policy=STAFF.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="GET",
        path="/v1/sites/{site}/availability",
        summary="What is free at a site",
        ask=Availability,
        policy=EVERY_PRINCIPAL.within(_READ),
    ),
)

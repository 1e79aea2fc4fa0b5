"""Series of bookings."""

from services.gateway.calls import Call
from services.gateway.policy import SIGNED_IN, STAFF
from shared.contracts.booking import (
    ApproveSeries,
    CancelSeries,
    ChangeSeries,
    GetSeries,
    ListSeries,
    PlaceSeries,
    RejectSeries,
    SeriesHistory,
)

_READ = "bookings:read"
_WRITE = "bookings:write"

CALLS = (
    Call(
        method="POST",
        path="/v1/booking-series",
        summary="Book what repeats by a rule",
        ask=PlaceSeries,
        policy=SIGNED_IN.within(_WRITE),
        key="required",
        status=201,
    ),
    Call(
        method="GET",
        path="/v1/booking-series",
        summary="My series, or for staff the site's",
        ask=ListSeries,
        policy=SIGNED_IN.within(_READ),
    ),
    Call(
        method="GET",
        path="/v1/booking-series/{id}",
        summary="One series with all of its times",
        ask=GetSeries,
        policy=SIGNED_IN.within(_READ),
    ),
    Call(
        method="GET",
        path="/v1/booking-series/{id}/history",
        summary="What happened to a series, in order",
        ask=SeriesHistory,
        policy=SIGNED_IN.within(_READ),
    ),
    Call(
        method="PATCH",
        path="/v1/booking-series/{id}",
        summary="Move or reword one of its times, that and all after it, or all",
        ask=ChangeSeries,
        policy=SIGNED_IN.within(_WRITE),
        key="optional",
        if_match="required",
    ),
    Call(
        method="POST",
        path="/v1/booking-series/{id}/cancel",
        summary="Give back one of its times, that and all after it, or all",
        ask=CancelSeries,
        policy=SIGNED_IN.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="POST",
        path="/v1/booking-series/{id}/approve",
        summary="Confirm what of a series waits for approval",
        ask=ApproveSeries,
        policy=STAFF.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="POST",
        path="/v1/booking-series/{id}/reject",
        summary="Cancel what of a series waits for approval",
        ask=RejectSeries,
        policy=STAFF.within(_WRITE),
        key="optional",
        if_match="optional",
    ),
)

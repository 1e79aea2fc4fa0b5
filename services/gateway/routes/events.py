"""Seminars, registrations, and a site's own input."""

from services.gateway.calls import Call
from services.gateway.policy import EVERY_PRINCIPAL, SIGNED_IN, SITE_OR_STAFF
from shared.contracts.events import (
    CancelRegistration,
    DiscardQuarantined,
    GetRegistration,
    GetSeminar,
    ListQuarantine,
    ListSeminars,
    Register,
    ReplayQuarantined,
)

_READ = "seminars:read"
_WRITE = "seminars:write"
_SITE = "sites:write"

CALLS = (
    Call(
        method="GET",
        path="/v1/seminars",
        summary="Seminars, newest first",
        ask=ListSeminars,
        policy=EVERY_PRINCIPAL.within(_READ),
    ),
    Call(
        method="GET",
        path="/v1/seminars/{id}",
        summary="One seminar, as certain and as precise as it is known",
        ask=GetSeminar,
        policy=EVERY_PRINCIPAL.within(_READ),
    ),
    Call(
        method="POST",
        path="/v1/seminars/{id}/registrations",
        summary="Take a seat, or wait for one",
        ask=Register,
        policy=SIGNED_IN.within(_WRITE),
        key="required",
        status=201,
        fills={"id": "seminar"},
    ),
    Call(
        method="GET",
        path="/v1/seminars/{id}/registrations/mine",
        summary="My registration for a seminar",
        ask=GetRegistration,
        policy=SIGNED_IN.within(_READ),
        fills={"id": "seminar"},
    ),
    Call(
        method="DELETE",
        path="/v1/seminars/{id}/registrations/mine",
        summary="Give my seat or my place in the queue up",
        ask=CancelRegistration,
        policy=SIGNED_IN.within(_WRITE),
        key="optional",
        if_match="optional",
        fills={"id": "seminar"},
    ),
    Call(
        method="GET",
        path="/v1/sites/{site}/quarantine",
        summary="What the site sent that could not be used, and why",
        ask=ListQuarantine,
        policy=SITE_OR_STAFF.within(_SITE),
    ),
    Call(
        method="POST",
        path="/v1/sites/{site}/quarantine/{id}/replay",
        summary="Put a quarantined message through again",
        ask=ReplayQuarantined,
        policy=SITE_OR_STAFF.within(_SITE),
        key="optional",
        if_match="optional",
    ),
    Call(
        method="POST",
        path="/v1/sites/{site}/quarantine/{id}/discard",
        summary="Put a quarantined message away for good",
        ask=DiscardQuarantined,
        policy=SITE_OR_STAFF.within(_SITE),
        key="optional",
        if_match="optional",
    ),
)

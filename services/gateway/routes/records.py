"""What may be read of the record: for staff, and of a key for its maker."""

from services.gateway.calls import Call
from services.gateway.policy import SESSION, STAFF
from shared.contracts.members import (
    ApiKeyHistory,
    IdentityProviderHistory,
    MemberHistory,
    OrganizationHistory,
    PolicyHistory,
)

CALLS = (
    Call(
        method="GET",
        path="/v1/organizations/{id}/history",
        summary="Who did what to an organization, for whom and why, in order",
        ask=OrganizationHistory,
        policy=STAFF.within("members:read"),
    ),
    Call(
        method="GET",
        path="/v1/members/{id}/history",
        summary="Who did what to a person, for whom and why, in order",
        ask=MemberHistory,
        policy=STAFF.within("members:read"),
    ),
    Call(
        method="GET",
        path="/v1/organizations/{id}/identity-provider/history",
        summary="Who set and removed an organization's identity provider and why, in order",
        ask=IdentityProviderHistory,
        policy=STAFF.within("members:read"),
    ),
    Call(
        method="GET",
        path="/v1/api-keys/{id}/history",
        summary="Who made and revoked an API key and why, in order",
        ask=ApiKeyHistory,
        policy=SESSION,
    ),
    Call(
        method="GET",
        path="/v1/policy/history",
        summary="Who changed the table of rights and why, in order",
        ask=PolicyHistory,
        policy=STAFF.within("members:read"),
    ),
)

"""What staff may read of the record."""

from services.gateway.calls import Call
from services.gateway.policy import STAFF
from shared.contracts.members import MemberHistory, OrganizationHistory, PolicyHistory

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
        path="/v1/policy/history",
        summary="Who changed the table of rights and why, in order",
        ask=PolicyHistory,
        policy=STAFF.within("members:read"),
    ),
)

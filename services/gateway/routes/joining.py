"""An organization's way, step by step: staff's actions."""

from services.gateway.calls import Call
from services.gateway.policy import STAFF
from shared.contracts.members import (
    ActivateOrganization,
    ApplyAnew,
    InvoiceOrganization,
    LeaveOrganization,
    OrientOrganization,
    RenewOrganization,
    ResumeOrganization,
    SuspendOrganization,
)
from shared.contracts.message import Command

_STEPS: tuple[tuple[str, type[Command], str], ...] = (
    ("apply", ApplyAnew, "Begin an organization's way again after it left or expired"),
    ("orient", OrientOrganization, "Applied → oriented"),
    ("invoice", InvoiceOrganization, "Oriented → invoiced"),
    ("activate", ActivateOrganization, "Invoiced → active, to the end of the fiscal year unless said otherwise"),
    ("suspend", SuspendOrganization, "Active → suspended, for a reason"),
    ("resume", ResumeOrganization, "Suspended → active again"),
    ("renew", RenewOrganization, "One period of membership more, the next fiscal year unless said otherwise"),
    ("leave", LeaveOrganization, "The organization leaves"),
)
CALLS = tuple(
    Call(
        method="POST",
        path=f"/v1/organizations/{{id}}/{verb}",
        summary=summary,
        ask=ask,
        policy=STAFF.within("members:write"),
        key="optional",
        if_match="optional",
    )
    for verb, ask, summary in _STEPS
)

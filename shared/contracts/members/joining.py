"""The steps of an organization's way, each a command; staff only. Repeating one already made writes nothing."""

from typing import Annotated

from shared.contracts.members.asked import Membership
from shared.contracts.members.views import OrganizationView
from shared.contracts.message import Command, Id, Reason, personal


class _Step(Command):
    id: Id
    reason: Annotated[Reason | None, personal()] = None


class ApplyAnew(_Step, wire="cmd.members.apply_anew.v1", reply=OrganizationView):
    """Who left, or whose membership expired, begins the way again. Refusal: cannot-apply 409."""


class OrientOrganization(_Step, wire="cmd.members.orient_organization.v1", reply=OrganizationView):
    """Applied → oriented. Refusal: not-orientable 409."""


class InvoiceOrganization(_Step, wire="cmd.members.invoice_organization.v1", reply=OrganizationView):
    """Oriented → invoiced. Refusal: not-invoiceable 409."""


class ActivateOrganization(_Step, wire="cmd.members.activate_organization.v1", reply=OrganizationView):
    """Invoiced → active, from today to the end of the fiscal year unless said otherwise. Refusal: not-activatable."""

    membership: Membership | None = None


class SuspendOrganization(_Step, wire="cmd.members.suspend_organization.v1", reply=OrganizationView):
    """Active → suspended: no new bookings; those there are wait 14 days for it. Refusal: not-suspendable 409."""

    reason: Annotated[Reason, personal()]


class ResumeOrganization(_Step, wire="cmd.members.resume_organization.v1", reply=OrganizationView):
    """Suspended → active, or expired where the membership has ended meanwhile. Refusal: not-resumable 409."""


class RenewOrganization(_Step, wire="cmd.members.renew_organization.v1", reply=OrganizationView):
    """One period more, the next fiscal year unless said otherwise, which is added once.

    Refusals: not-renewable 409, periods-overlap 409.
    """

    membership: Membership | None = None


class LeaveOrganization(_Step, wire="cmd.members.leave_organization.v1", reply=OrganizationView):
    """The organization leaves, from wherever it stands; its coming bookings are cancelled."""

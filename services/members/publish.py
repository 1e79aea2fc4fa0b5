"""What happened and how things are, in the words of the contract: no personal data but in the contact state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.members.domain import api_key, erasure, identity_provider, identity_sign_in, member, policy, session
from services.members.domain import organization_events as organization
from services.members.domain.membership import Membership
from services.members.domain.organization import Organization
from shared.contracts import members as contract
from shared.contracts.message import BilingualView, Event, Principal, State
from shared.contracts.notify import SendSignInCode
from shared.kit.nats.request import Caller

_MEMBERS = Principal(kind="system", id="members")
_NEWER = ("periods", "keeps_bookings", "booking_for_others", "on_leave")
"""Fields of an organization that its older documents lack; the contract says what that means."""
_MAIL_SECONDS = 4.0
"""Within the deadline of whoever waits for the answer."""

DomainEvent = (
    member.MemberEvent | api_key.ApiKeyEvent | session.SessionReused | policy.PolicyChanged | erasure.ErasureEvent
)
IdentityEvent = identity_provider.ProviderEvent | identity_sign_in.IdentityLinked | identity_sign_in.IdentityUnlinked


def contract_of(event: DomainEvent, version: int) -> Event:
    """The message of an event that brings its document to `version`."""
    match event:
        case member.MemberCreated(member_id, home):
            return contract.MemberCreated(id=member_id, organization=home, version=version)
        case member.MemberChanged(member_id, changed):
            return contract.MemberChanged(id=member_id, changed=changed, version=version)
        case api_key.ApiKeyCreated(key_id):
            return contract.ApiKeyCreated(id=key_id, version=version)
        case api_key.ApiKeyRevoked(key_id):
            return contract.ApiKeyRevoked(id=key_id, version=version)
        case session.SessionReused(session_id, member_id, at):
            return contract.SessionReused(id=session_id, member=member_id, at=at, version=version)
        case policy.PolicyChanged(put, removed):
            places = tuple(contract.PlaceOfRowView(**_place(each)) for each in removed)
            rows = tuple(map(row_view, put))
            return contract.PolicyChanged(id=contract.POLICY_ID, version=version, put=rows, removed=places)
        case erasure.ErasureAsked(member_id):
            return contract.ErasureAsked(member=member_id, version=version)
        case erasure.ErasureCompleted(member_id):
            return contract.ErasureCompleted(member=member_id, version=version)


def identity_said(event: IdentityEvent, version: int) -> Event:
    """The message of an event about an identity provider or whom it vouches for."""
    match event:
        case identity_provider.IdentityProviderSet(org_id, changed):
            return contract.IdentityProviderSet(id=org_id, changed=changed, version=version)
        case identity_provider.IdentityProviderRemoved(org_id):
            return contract.IdentityProviderRemoved(id=org_id, version=version)
        case identity_sign_in.IdentityLinked(identity_id, member_id):
            return contract.IdentityLinked(id=identity_id, member=member_id, version=version)
        case identity_sign_in.IdentityUnlinked(identity_id):
            return contract.IdentityUnlinked(id=identity_id, version=version)


def row_view(row: policy.Row) -> contract.PolicyRowView:
    """A row of the table of rights, as the contract writes it."""
    fields = {f: getattr(row, f) for f in ("allowed", "months_ahead", "needs_approval")}
    limits = tuple(
        contract.LimitView(
            period=each.period.value, scope=each.scope.value, hours=each.hours, step_minutes=each.step_minutes
        )
        for each in row.limits
    )
    return contract.PolicyRowView(**_place(row.place), **fields, limits=limits)


def _place(place: policy.Place) -> dict[str, Any]:
    return {"kind": place.kind.value, "site": place.site, "resource": place.resource}


def policy_states(doc: Mapping[str, Any]) -> Sequence[State]:
    """The table of rights, for the copies of those who judge by it."""
    return [contract.PolicyState(id=doc["_id"], sequence=doc["version"], rows=tuple(doc["rows"]))]


def organization_said(event: organization.OrganizationEvent, version: int) -> Event:
    """The message of an event that brings its organization to `version`."""
    match event:
        case organization.OrganizationCreated(org_id, kind, status):
            return contract.OrganizationCreated(id=org_id, kind=kind.value, status=status.value, version=version)
        case organization.OrganizationChanged(org_id, changed):
            return contract.OrganizationChanged(id=org_id, changed=changed, version=version)
        case organization.OrganizationStepped(org, transition, before, tell):
            words: dict[str, Any] = {"transition": transition.value, "before": before.value, "status": org.status.value}
            last = _period(org.periods[-1]) if org.periods else None
            return contract.OrganizationStatusChanged(**_gist(org, tell, version), **words, membership=last)
        case organization.RenewalDue(org, period, days, tell):
            return contract.RenewalDue(**_gist(org, tell, version), membership=_period(period), days=days)


def _gist(org: Organization, tell: tuple[str, ...], version: int) -> dict[str, Any]:
    name = BilingualView(ja=org.name.ja, en=org.name.en)
    return {"id": org.id, "name": name, "tell": tell, "version": version}


def _period(period: Membership) -> contract.MembershipView:
    return contract.MembershipView(starts_on=period.starts_on, ends_on=period.ends_on)


def own_part_erased(member_id: str, counts: Mapping[str, int], version: int) -> Event:
    """What members says as one part of the house among four."""
    return contract.MemberErasedInMembers(member=member_id, counts=dict(counts), version=version)


def organization_states(doc: Mapping[str, Any]) -> Sequence[State]:
    """An organization, for the copies of those who judge rights."""
    fields = ("name", "kind", "status", "home_zone", "membership")
    state = {f: doc[f] for f in fields} | {f: doc[f] for f in _NEWER if f in doc}
    return [contract.OrganizationState(id=doc["_id"], sequence=doc["version"], **state)]


def member_states(doc: Mapping[str, Any]) -> Sequence[State]:
    """Who belongs where, for all; how to reach them, for notify alone. Of the erased, that they are."""
    if "erased_at" in doc:
        stub: dict[str, Any] = {"id": doc["_id"], "sequence": doc["version"], "erased": True}
        return [contract.MemberState(**stub), contract.ContactState(**stub)]
    belongs = contract.MemberState(
        id=doc["_id"],
        sequence=doc["version"],
        organizations=tuple(doc["organizations"]),
        roles=frozenset(doc["roles"]),
        site=doc["site_of_staff"],
        active=doc["active"],
        assistants=tuple(doc.get("assistants", ())),
        time_zone=doc["time_zone"],
    )
    contact = contract.ContactState(
        id=doc["_id"],
        sequence=doc["version"],
        email=doc["email"],
        name=contract.NameView(**doc["name"]),
        language=doc["language"],
        time_zone=doc["time_zone"],
    )
    return [belongs, contact]


@dataclass(frozen=True, slots=True)
class NotifyMail:
    """The one command members sends: to notify, which mails a code or, for the decoy, does not."""

    caller: Caller

    async def send(self, mail: SendSignInCode, correlationid: str) -> None:
        """Raises Unavailable (nothing was sent), TimedOut, Refused."""
        await self.caller.request(mail, principal=_MEMBERS, correlationid=correlationid, seconds=_MAIL_SECONDS)

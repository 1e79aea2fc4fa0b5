"""What happened and how things are, in the words of the contract: no personal data but in the contact state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.members.domain import api_key, member, organization, session
from shared.contracts import members as contract
from shared.contracts.message import Event, Principal, State
from shared.contracts.notify import SendSignInCode
from shared.kit.nats.request import Caller

_MEMBERS = Principal(kind="system", id="members")
_MAIL_SECONDS = 4.0
"""Within the deadline of whoever waits for the answer."""

DomainEvent = organization.OrganizationEvent | member.MemberEvent | api_key.ApiKeyEvent | session.SessionReused


def contract_of(event: DomainEvent, version: int) -> Event:
    """The message of an event that brings its document to `version`."""
    match event:
        case organization.OrganizationCreated(org_id, kind, status):
            return contract.OrganizationCreated(id=org_id, kind=kind.value, status=status.value, version=version)
        case organization.OrganizationChanged(org_id, changed):
            return contract.OrganizationChanged(id=org_id, changed=changed, version=version)
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


def organization_states(doc: Mapping[str, Any]) -> Sequence[State]:
    """An organization, for the copies of those who judge rights."""
    fields = ("name", "kind", "status", "home_zone", "membership")
    state = {f: doc[f] for f in fields}
    return [contract.OrganizationState(id=doc["_id"], sequence=doc["version"], **state)]


def member_states(doc: Mapping[str, Any]) -> Sequence[State]:
    """Who belongs where, for all; how to reach them, for notify alone."""
    belongs = contract.MemberState(
        id=doc["_id"],
        sequence=doc["version"],
        organizations=tuple(doc["organizations"]),
        roles=frozenset(doc["roles"]),
        site=doc["site_of_staff"],
        active=doc["active"],
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

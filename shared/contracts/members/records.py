"""What may be read of the record: all that was done to an organization, its identity provider, a person, a key, or the
table of rights.
"""

from typing import Annotated

from pydantic import Field

from shared.contracts.message import Id, Query
from shared.contracts.record import EntriesView


class _Record(Query):
    """`after` is the `next` of the page before; anything else is refused (invalid-cursor 422)."""

    id: Id
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    after: Annotated[str | None, Field(max_length=256)] = None


class OrganizationHistory(_Record, wire="qry.members.organization_history.v1", reply=EntriesView):
    """Staff: who did what to an organization, for whom and why, oldest first; to others it is not there."""


class MemberHistory(_Record, wire="qry.members.member_history.v1", reply=EntriesView):
    """Staff: who did what to a person, for whom and why, oldest first; to others it is not there."""


class IdentityProviderHistory(_Record, wire="qry.members.identity_provider_history.v1", reply=EntriesView):
    """Staff: who set, changed and removed the provider of organization `id` and why, oldest first, in UTC."""


class ApiKeyHistory(_Record, wire="qry.members.api_key_history.v1", reply=EntriesView):
    """Its maker, and operators: who made and revoked a key and why, oldest first, in UTC; to others it is not there."""


class PolicyHistory(Query, wire="qry.members.policy_history.v1", reply=EntriesView):
    """Staff: who changed the table of rights and why, oldest first, in UTC. Refusal: invalid-cursor 422."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    after: Annotated[str | None, Field(max_length=256)] = None

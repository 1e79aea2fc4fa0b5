"""The table of rights: which kind of organization may book what, where, how far ahead, how many hours.

A row holds for a kind of organization, a site (`*`: each that has no row of its own) and a kind of resource (`*`:
likewise). Of several the most specific one holds, the site's before the resource's; without any, nothing is allowed.
"""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.members.said import OrganizationKind
from shared.contracts.message import Event, Id, Model, State, View

EVERY = "*"
POLICY_ID = "rights"
"""There is one table."""
PolicySite = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9-]{1,30})$")]
PolicyResource = Literal["*", "room", "desk", "expert"]
LimitPeriod = Literal["day", "week", "month"]
LimitScope = Literal["organization", "person"]


class Limit(Model):
    """As asked for; what it means is said at LimitView."""

    period: LimitPeriod
    scope: LimitScope
    hours: Annotated[int, Field(ge=1, le=744)]


class PolicyRow(Model):
    """As asked for; what it means is said at PolicyRowView."""

    kind: OrganizationKind
    site: PolicySite
    resource: PolicyResource
    allowed: bool = True
    months_ahead: Annotated[int, Field(ge=0, le=18)] = 0
    needs_approval: bool = False
    limits: Annotated[tuple[Limit, ...], Field(max_length=3)] = ()


class LimitView(View):
    """Hours in each period of the site's clocks: of all together, or of each person."""

    period: LimitPeriod
    scope: LimitScope
    hours: int


class PolicyRowView(View):
    """What a kind of organization may book. Without `limits` there is no quota."""

    kind: OrganizationKind
    site: PolicySite
    resource: PolicyResource
    allowed: bool = True
    months_ahead: int = 0
    needs_approval: bool = False
    limits: tuple[LimitView, ...] = ()


class PlaceOfRowView(View):
    """Which row."""

    kind: OrganizationKind
    site: PolicySite
    resource: PolicyResource


class PolicyState(State, wire="members.policy.v1"):
    """The whole table, for those who judge by it; `sequence` is its version."""

    id: Id
    sequence: int
    erased: bool = False
    rows: tuple[PolicyRowView, ...] = ()


class PolicyChanged(Event, wire="members.policy_changed.v1"):
    """`put` are the rows that are new or other than before, `removed` those that are gone.

    The table's first version has all of its rows in `put`: what any version held can be told from these.
    """

    id: Id
    version: int
    put: tuple[PolicyRowView, ...] = ()
    removed: tuple[PlaceOfRowView, ...] = ()

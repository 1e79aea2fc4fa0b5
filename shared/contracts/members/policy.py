"""The table of rights: which kind of organization may book what, where, how far ahead, how many hours.

A row holds for a kind of organization, a site (`*`: each that has no row of its own) and a kind of resource (`*`:
likewise). Of several the most specific one holds, the site's before the resource's; without any, nothing is allowed.
"""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.members.said import OrganizationKind, OrganizationStatus
from shared.contracts.message import BilingualView, Command, Event, Id, Model, Note, Query, State, View, personal

POLICY_ID = "rights"
"""There is one table."""
PolicySite = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9-]{1,30})$")]
PolicyResource = Literal["*", "room", "desk", "expert"]
LimitPeriod = Literal["day", "week", "month"]
LimitScope = Literal["organization", "person"]
EffectKind = Literal["gains", "loses", "gains_and_loses"]


class Limit(Model):
    """As asked for; what it means is said at LimitView."""

    period: LimitPeriod
    scope: LimitScope
    hours: Annotated[int, Field(ge=1, le=744)]
    step_minutes: Annotated[int, Field(ge=15, le=480, multiple_of=15)] = 15


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
    """Hours in each period of the site's clocks: of all together, or of each person.

    What is used in one period is billed in steps of `step_minutes`, a begun one as a whole.
    """

    period: LimitPeriod
    scope: LimitScope
    hours: int
    step_minutes: int = 15


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


class PolicyView(View):
    """The table as it is, who changed it last, when (RFC 3339, UTC) and why."""

    version: int
    rows: tuple[PolicyRowView, ...]
    reason: Annotated[str | None, personal()] = None
    changed_at: str | None = None
    changed_by: Id | None = None


class GetPolicy(Query, wire="qry.members.policy.v1", reply=PolicyView):
    """The table of rights. For staff."""


class GrantView(View):
    """What is allowed somewhere."""

    allowed: bool
    months_ahead: int
    needs_approval: bool
    limits: tuple[LimitView, ...]


class EffectReasonView(View):
    """One thing that is better or worse than before."""

    code: str
    effect: EffectKind
    message: BilingualView


class RightChangeView(View):
    """What changes for every organization of `kind` at `site` with `resource`.

    A `site` of `*` is every one but those in `not_at`, for which other rows hold.
    """

    kind: OrganizationKind
    site: PolicySite
    resource: Literal["room", "desk", "expert"]
    not_at: tuple[PolicySite, ...] = ()
    effect: EffectKind
    before: GrantView
    after: GrantView
    reasons: tuple[EffectReasonView, ...]
    organizations: int
    people: int


class AffectedView(View):
    """An organization for which something changes: what, stands in `changes` under its kind."""

    id: Id
    name: BilingualView
    kind: OrganizationKind
    status: OrganizationStatus
    people: int
    effect: EffectKind


class EffectCountsView(View):
    """How many only gain, only lose, or both."""

    gains: int
    loses: int
    gains_and_loses: int


class PolicyEffectView(View):
    """Who would gain and lose, of all organizations that have not left and whose membership has not expired.

    Losers are listed first. The counts are complete; of very long lists the rest is only counted, as `more_…`.
    """

    organizations: EffectCountsView
    people: EffectCountsView
    changes: tuple[RightChangeView, ...]
    affected: tuple[AffectedView, ...]
    more_changes: int = 0
    more_affected: int = 0


class PolicyChangeView(PolicyView):
    """After a change the table as it is now; after a dry run the one asked for, `version` being the current one's."""

    dry_run: bool = False
    effect: PolicyEffectView | None = None


class PutPolicy(Command, wire="cmd.members.put_policy.v1", reply=PolicyChangeView):
    """Put this table in place of the current one; the same table again changes nothing.

    `reason` says why, for the log; a change needs one. With `dry_run` nothing is written, and the answer tells who
    would gain and lose. Refusals: policy-invalid 422 with `faults`, reason-required 422, rows-not-yours 403.
    """

    rows: Annotated[tuple[PolicyRow, ...], Field(max_length=200)]
    reason: Annotated[Annotated[Note, Field(max_length=1_000)] | None, personal()] = None
    dry_run: bool = False

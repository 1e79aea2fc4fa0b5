"""The table of rights as our copy has it, read by the domain once for each version."""

from typing import Protocol

from services.booking.domain.rights import Limit, Policy, Right
from shared.contracts.members import POLICY_ID, PolicyRowView, PolicyState
from shared.kernel.refusal import NotYetKnown
from shared.kernel.rights import Period, Scope

FRESH_SECONDS = 0.5
"""How long a replica may go by what another one knows to have changed in who may what: table, organizations, people.

Half a second of a replica's memory and the way from members to our copy make less than a second in all.
"""


class PolicyCopy(Protocol):
    async def get(self, doc_id: str) -> PolicyState | None: ...


class Rights:
    """What every decision is judged by."""

    def __init__(self, copy: PolicyCopy) -> None:
        self._copy = copy
        self._read: tuple[PolicyState, Policy] | None = None

    async def current(self) -> Policy:
        """Raises NotYetKnown before it has arrived; no replica is ready before."""
        state = await self._copy.get(POLICY_ID)
        if state is None:
            raise NotYetKnown
        if self._read is None or self._read[0].sequence != state.sequence:
            self._read = state, policy_of(state)
        return self._read[1]


def policy_of(state: PolicyState) -> Policy:
    """The table a state brings."""
    return Policy(str(state.sequence), {(row.kind, row.site, row.resource): _right(row) for row in state.rows})


def _right(row: PolicyRowView) -> Right:
    limits = (
        Limit(Period(each.period), Scope(each.scope), each.hours, row.resource, each.step_minutes)
        for each in row.limits
    )
    return Right(row.allowed, row.months_ahead, row.needs_approval, tuple(limits))

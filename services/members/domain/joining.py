"""The joining process as a table: from where each transition leads where, and how it is called when it may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.kernel.refusal import Refusal
from shared.kernel.text import Text


class Status(StrEnum):
    APPLIED = "applied"
    ORIENTED = "oriented"
    INVOICED = "invoiced"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    LEFT = "left"


class Transition(StrEnum):
    APPLY = "apply"
    ORIENT = "orient"
    INVOICE = "invoice"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    RENEW = "renew"
    EXPIRE = "expire"
    LEAVE = "leave"


class _NotPossible(Refusal):
    """Member `status` is the one the organization has."""


class NotApplicable(_NotPossible):
    code = "cannot-apply"
    message = Text(ja="この状態の団体は入会申込ができません。", en="An organization in this state cannot apply anew.")


class NotOrientable(_NotPossible):
    code = "not-orientable"
    message = Text(ja="説明の実施は申込後の団体に限ります。", en="Only an organization that has applied is oriented.")


class NotInvoiceable(_NotPossible):
    code = "not-invoiceable"
    message = Text(ja="請求は説明済みの団体に限ります。", en="Only an organization that was oriented is invoiced.")


class NotActivatable(_NotPossible):
    code = "not-activatable"
    message = Text(
        ja="入会の確定は請求済みの団体に限ります。", en="Only an organization that was invoiced becomes active."
    )


class NotSuspendable(_NotPossible):
    code = "not-suspendable"
    message = Text(ja="停止できるのは有効な団体に限ります。", en="Only an active organization is suspended.")


class NotResumable(_NotPossible):
    code = "not-resumable"
    message = Text(ja="再開できるのは停止中の団体に限ります。", en="Only a suspended organization is resumed.")


class NotRenewable(_NotPossible):
    code = "not-renewable"
    message = Text(
        ja="更新できるのは会員であった団体に限ります。", en="Only an organization that is or was a member is renewed."
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """`leads_to` None: it stays what it is. `refusal` None: nobody asks for it, or it is possible from everywhere."""

    possible_from: frozenset[Status]
    leads_to: Status | None
    refusal: type[Refusal] | None = None


_S = Status
RULES: Mapping[Transition, Rule] = {
    Transition.APPLY: Rule(frozenset({_S.EXPIRED, _S.LEFT}), _S.APPLIED, NotApplicable),
    Transition.ORIENT: Rule(frozenset({_S.APPLIED}), _S.ORIENTED, NotOrientable),
    Transition.INVOICE: Rule(frozenset({_S.ORIENTED}), _S.INVOICED, NotInvoiceable),
    Transition.ACTIVATE: Rule(frozenset({_S.INVOICED}), _S.ACTIVE, NotActivatable),
    Transition.SUSPEND: Rule(frozenset({_S.ACTIVE}), _S.SUSPENDED, NotSuspendable),
    Transition.RESUME: Rule(frozenset({_S.SUSPENDED}), _S.ACTIVE, NotResumable),
    Transition.RENEW: Rule(frozenset({_S.ACTIVE, _S.SUSPENDED, _S.EXPIRED}), None, NotRenewable),
    Transition.EXPIRE: Rule(frozenset({_S.ACTIVE}), _S.EXPIRED),
    Transition.LEAVE: Rule(frozenset(_S) - {_S.LEFT}, _S.LEFT),
}


def check_possible(transition: Transition, status: Status) -> None:
    """Raises the refusal that names the transition."""
    rule = RULES[transition]
    if status not in rule.possible_from and rule.refusal is not None:
        raise rule.refusal(status=status.value)


@dataclass(frozen=True, slots=True)
class Occasion:
    """When something is done to an organization, by whom, why; `tell` are the ids of the admins who hear of it."""

    at: datetime
    by: str
    reason: str | None = None
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One transition that was made: `status` is where it led."""

    transition: Transition
    status: Status
    at: datetime
    by: str
    reason: str | None = None

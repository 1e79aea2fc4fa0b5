"""The rights of an organization on one day of a site, explained kind by kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.booking.domain.party import Party
from services.booking.domain.refusals import MemberNotActive
from services.booking.domain.rights import KINDS, Limit, Policy, Right
from services.booking.domain.site import Site
from services.booking.domain.violations import KindNotAllowed, TooFarAhead
from services.booking.domain.wall import months_after
from shared.kernel.interval import Interval
from shared.kernel.rights import BILLED_STEP_MINUTES, EVERY, Period, Scope
from shared.kernel.text import Text
from shared.kernel.time import start_of_day

PERIODS = {Period.DAY: ("一日", "a day"), Period.WEEK: ("週", "a week"), Period.MONTH: ("月", "a month")}
SCOPES = {
    Scope.ORGANIZATION: ("団体で", "for the organization together"),
    Scope.PERSON: ("お一人", "for each person"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    message: Text


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A reason may stand beside `allowed`: what bounds it, such as a membership that ends within the day."""

    kind: str
    allowed: bool
    reasons: Sequence[Reason]


def entitlements(party: Party, policy: Policy, site: Site, day: date, today: date) -> list[Entitlement]:
    """For each kind of resource, whether some of that day may be booked, as things stand `today`."""
    use = Interval(start_of_day(day, site.zone), start_of_day(day + timedelta(days=1), site.zone))
    bounds = [Reason(no.code, no.text) for no in party.refusals_over(use)]
    member = party.is_member_during(use)
    found = []
    for kind in KINDS:
        right = policy.of(party.kind, site.id, kind)
        last = months_after(today, right.months_ahead)
        against = [*_against(right, day, last)]
        allowed = member and not against
        granted = [*_granted(right, last)] if allowed else []
        found.append(Entitlement(kind, allowed, [*against, *bounds, *granted]))
    return found


def nothing_for_who_left() -> list[Entitlement]:
    """Of a member whose registration has ended."""
    reason = Reason(MemberNotActive.code, MemberNotActive.message)
    return [Entitlement(kind, allowed=False, reasons=[reason]) for kind in KINDS]


def _against(right: Right, day: date, last: date) -> Iterator[Reason]:
    if not right.allowed:
        yield Reason(KindNotAllowed.code, KindNotAllowed.message)
    elif day > last:
        ja = f"まだ予約できません。本日予約できるのは{last}までです。"
        yield Reason(TooFarAhead.code, Text(ja=ja, en=f"Not yet: today, days until {last} may be booked."))


def _granted(right: Right, last: date) -> Iterator[Reason]:
    months = right.months_ahead
    yield Reason("allowed-by-rights", Text(ja="予約できます。", en="May be booked."))
    ahead = Text(
        ja=f"{months}か月先まで。本日は{last}までの日を予約できます。",
        en=f"Up to {months} month{'s' if months > 1 else ''} ahead: today, days until {last}.",
    )
    yield Reason("months-ahead", ahead)
    for limit in right.limits:
        yield _of_limit(limit)
    if right.needs_approval:
        ja = "予約には拠点職員の承認が必要です。"
        yield Reason("needs-approval", Text(ja=ja, en="Staff of the site approve each booking."))


def _of_limit(limit: Limit) -> Reason:
    period, scope = PERIODS[limit.period], SCOPES[limit.scope]
    over = ("(会議室・デスク・専門家の合計)", ", all kinds counted together") if limit.over == EVERY else ("", "")
    step = ("", "") if limit.step_minutes == BILLED_STEP_MINUTES else _billed(limit.step_minutes)
    own = "own-" if limit.scope is Scope.PERSON else ""
    return Reason(
        f"{own}hours-per-{limit.period.value}",
        Text(
            ja=f"{scope[0]}{period[0]}{limit.hours}時間まで{over[0]}{step[0]}。",
            en=f"Up to {limit.hours} hour{'s' if limit.hours > 1 else ''} {period[1]} {scope[1]}{over[1]}{step[1]}.",
        ),
    )


def _billed(step: int) -> tuple[str, str]:
    return f"、{step}分単位で切り上げ", f", billed in steps of {step} minutes, begun ones whole"

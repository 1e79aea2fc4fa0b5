"""The rights of an organization on one day of a site, explained kind by kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.booking.domain.party import Party
from services.booking.domain.rights import EVERYTHING, Policy, Right
from services.booking.domain.site import Site
from services.booking.domain.violations import KindNotAllowed, TooFarAhead
from services.booking.domain.wall import months_after
from shared.kernel.interval import Interval
from shared.kernel.text import Text
from shared.kernel.time import start_of_day


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
    right = policy.of(party.kind)
    use = Interval(start_of_day(day, site.zone), start_of_day(day + timedelta(days=1), site.zone))
    bounds = [Reason(no.code, no.message) for no in party.refusals_over(use)]
    member = party.is_member_during(use)
    found = []
    for kind in sorted(EVERYTHING):
        no = _against(kind, right, day, today)
        allowed = member and not no
        found.append(Entitlement(kind, allowed, [*no, *bounds, *([_because(right)] if allowed else [])]))
    return found


def _against(kind: str, right: Right, day: date, today: date) -> list[Reason]:
    if kind not in right.kinds:
        return [Reason(KindNotAllowed.code, KindNotAllowed.message)]
    if day > months_after(today, right.months_ahead):
        return [Reason(TooFarAhead.code, TooFarAhead.message)]
    return []


def _because(right: Right) -> Reason:
    ja, en = f"{right.months_ahead}か月先まで", f"Up to {right.months_ahead} months ahead"
    if right.weekly_hours is None:
        return Reason("allowed-by-rights", Text(ja=f"{ja}予約できます。", en=f"{en}."))
    hours = right.weekly_hours
    return Reason(
        "allowed-by-rights", Text(ja=f"{ja}、週{hours}時間まで予約できます。", en=f"{en}, {hours} hours a week.")
    )

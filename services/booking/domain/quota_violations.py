"""That a pool of hours is too empty: one for each period of the site's clocks, and whose hours it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.booking.domain.violations import Violation
from shared.kernel.rights import BILLED_STEP_MINUTES, Period, Scope
from shared.kernel.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaExceeded(Violation):
    """In hours of one period of the site's clocks, of the organization or of one person: see RULES.

    They are billed in whole steps of `step_minutes`.
    """

    code = "quota-exceeded"
    step_minutes: int = BILLED_STEP_MINUTES

    @property
    def left(self) -> timedelta:
        """The longest use the pool has hours for."""
        step = timedelta(minutes=self.step_minutes)
        return timedelta(hours=float(self.limit or 0) - float(self.used or 0)) // step * step

    def spoken(self) -> dict[str, Any]:
        return {**Violation.spoken(self), "step_minutes": self.step_minutes}


class DailyHours(QuotaExceeded):
    rule = "daily-hours"
    message = Text(
        ja="団体の一日の利用時間の上限を超えます。", en="Your organization has not that many hours left on that day."
    )


class WeeklyHours(QuotaExceeded):
    rule = "weekly-hours"
    message = Text(
        ja="団体の週間利用時間の上限を超えます。", en="Your organization has not that many hours left in that week."
    )


class MonthlyHours(QuotaExceeded):
    rule = "monthly-hours"
    message = Text(
        ja="団体の月間利用時間の上限を超えます。", en="Your organization has not that many hours left in that month."
    )


class OwnDailyHours(QuotaExceeded):
    rule = "own-daily-hours"
    message = Text(ja="お一人の一日の利用時間の上限を超えます。", en="You have not that many hours left on that day.")


class OwnWeeklyHours(QuotaExceeded):
    rule = "own-weekly-hours"
    message = Text(ja="お一人の週間利用時間の上限を超えます。", en="You have not that many hours left in that week.")


class OwnMonthlyHours(QuotaExceeded):
    rule = "own-monthly-hours"
    message = Text(ja="お一人の月間利用時間の上限を超えます。", en="You have not that many hours left in that month.")


RULES: Mapping[tuple[Scope, Period], type[QuotaExceeded]] = {
    (Scope.ORGANIZATION, Period.DAY): DailyHours,
    (Scope.ORGANIZATION, Period.WEEK): WeeklyHours,
    (Scope.ORGANIZATION, Period.MONTH): MonthlyHours,
    (Scope.PERSON, Period.DAY): OwnDailyHours,
    (Scope.PERSON, Period.WEEK): OwnWeeklyHours,
    (Scope.PERSON, Period.MONTH): OwnMonthlyHours,
}

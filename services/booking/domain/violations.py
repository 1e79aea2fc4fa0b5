"""The rules a booking can break: each names itself, its limit, and what was asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from shared.kernel.text import Text

Figure = int | float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """`limit`, `used`, `requested` are in the rule's own unit; `resets_at` is RFC 3339 with the site's offset."""

    code: ClassVar[str]
    rule: ClassVar[str]
    message: ClassVar[Text]

    limit: Figure = None
    used: Figure = None
    requested: Figure = None
    resets_at: str | None = None

    def spoken(self) -> dict[str, Any]:
        """As the problem document carries it."""
        return {
            "code": self.code,
            "rule": self.rule,
            "limit": self.limit,
            "used": self.used,
            "requested": self.requested,
            "resets_at": self.resets_at,
            "message": {"ja": self.message.ja, "en": self.message.en},
        }


class AlsoTaken(Violation):
    code = "slot-taken"
    rule = "occupancy"
    message = Text(ja="その時間は既に予約されています。", en="That time is taken.")


class OutsideOpeningHours(Violation):
    code = "outside-opening-hours"
    rule = "opening-hours"
    message = Text(ja="営業時間外です。", en="The lounge is not open for all of that time.")


class ClosedOnHoliday(Violation):
    """`requested` is the day, `limit` the holiday's name in English where there is one."""

    code = "closed-on-holiday"
    rule = "holidays"
    message = Text(ja="祝日のため休館です。", en="The lounge is closed on that public holiday.")


class NotOnGranule(Violation):
    """`limit` is the granule in minutes."""

    code = "not-on-granule"
    rule = "granule"
    message = Text(ja="予約は所定の刻みで指定してください。", en="Start and end must lie on the resource's time grid.")


class TooShort(Violation):
    """In minutes."""

    code = "too-short"
    rule = "shortest"
    message = Text(ja="予約時間が短すぎます。", en="That is shorter than this resource is booked for.")


class TooLong(Violation):
    """In minutes."""

    code = "too-long"
    rule = "longest"
    message = Text(ja="予約時間が長すぎます。", en="That is longer than this resource is booked for.")


class TooManyAttendees(Violation):
    code = "too-many-attendees"
    rule = "capacity"
    message = Text(ja="定員を超えています。", en="More people than the room holds.")


class TooFarAhead(Violation):
    """`limit` is the last day that may be booked today, `requested` the day of use."""

    code = "too-far-ahead"
    rule = "horizon"
    message = Text(ja="まだ予約できない日です。", en="That day cannot be booked yet by your organization.")


class KindNotAllowed(Violation):
    """`requested` is the kind of resource."""

    code = "kind-not-allowed"
    rule = "rights"
    message = Text(ja="ご所属の区分では利用できません。", en="Your kind of organization may not book this.")


class MembershipNotActive(Violation):
    """`limit` is the status needed, `requested` the one the organization has."""

    code = "membership-not-active"
    rule = "membership"
    message = Text(ja="会員資格が有効ではありません。", en="Your organization's membership is not active.")


class MembershipStartsAfterUse(Violation):
    """`limit` is the first day of the membership, in the organization's home zone."""

    code = "membership-starts-after-use"
    rule = "membership"
    message = Text(ja="利用日は会員期間の開始前です。", en="Your organization's membership starts after that time.")


class MembershipEndsBeforeUse(Violation):
    """`limit` is the last day of the membership, in the organization's home zone."""

    code = "membership-ends-before-use"
    rule = "membership"
    message = Text(
        ja="利用終了前に会員期間が満了します。", en="Your organization's membership ends before the booking does."
    )


class QuotaExceeded(Violation):
    """In hours of one week of the site, for the whole organization."""

    code = "quota-exceeded"
    rule = "weekly-hours"
    message = Text(
        ja="団体の週間利用時間の上限を超えます。", en="Your organization has not that many hours left in that week."
    )

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
    everywhere: ClassVar[bool] = False
    """No other time or resource would help."""

    limit: Figure = None
    used: Figure = None
    requested: Figure = None
    resets_at: str | None = None

    @property
    def text(self) -> Text:
        """What a person reads: the rule's message, where it can be said with its day or state."""
        return self.message

    def spoken(self) -> dict[str, Any]:
        """As the problem document carries it."""
        return {
            "code": self.code,
            "rule": self.rule,
            "limit": self.limit,
            "used": self.used,
            "requested": self.requested,
            "resets_at": self.resets_at,
            "message": {"ja": self.text.ja, "en": self.text.en},
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Violation):
    """By staff, who said why; `requested` is the day."""

    code = "closed"
    rule = "exceptions"
    message = Text(ja="臨時休館のため利用できません。", en="Closed that day.")

    reason: Text

    @property
    def text(self) -> Text:
        ja, en = self.reason.best("ja"), self.reason.best("en")
        return Text(ja=f"臨時休館のため利用できません：{ja}", en=f"Closed that day: {en}")


class NotOnGranule(Violation):
    """`limit` is the granule in minutes, or the wall times at which alone a use begins and ends."""

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
    message = Text(
        ja="ご所属の区分では、この拠点では利用できません。",
        en="Your kind of organization may not book this at this site.",
    )


_JOINING = Text(ja="入会手続き中です。", en="Your organization's membership has not been completed yet.")
NOT_ACTIVE = {
    "applied": _JOINING,
    "oriented": _JOINING,
    "invoiced": _JOINING,
    "suspended": Text(ja="会員資格は停止中です。", en="Your organization's membership is suspended."),
    "left": Text(ja="退会済みです。", en="Your organization has left."),
    "active": Text(ja="会員期間が登録されていません。", en="Your organization has no period of membership yet."),
}


class MembershipNotActive(Violation):
    """`limit` is the status needed, `requested` the one the organization has."""

    code = "membership-not-active"
    rule = "membership"
    message = Text(ja="会員資格が有効ではありません。", en="Your organization's membership is not active.")

    @property
    def text(self) -> Text:
        return NOT_ACTIVE.get(str(self.requested), self.message)


class MembershipStartsAfterUse(Violation):
    """`limit` is the first day of the membership, in the organization's home zone."""

    code = "membership-starts-after-use"
    rule = "membership"
    message = Text(ja="利用日は会員期間の開始前です。", en="Your organization's membership starts after that time.")

    @property
    def text(self) -> Text:
        ja, en = f"会員期間は{self.limit}からです。", f"Your organization's membership begins on {self.limit}."
        return Text(ja=ja, en=en)


class MembershipEndsBeforeUse(Violation):
    """`limit` is the last day of the membership, in the organization's home zone."""

    code = "membership-ends-before-use"
    rule = "membership"
    message = Text(
        ja="利用終了前に会員期間が満了します。", en="Your organization's membership ends before the booking does."
    )

    @property
    def text(self) -> Text:
        ja, en = f"会員期間は{self.limit}までです。", f"Your organization's membership ends with {self.limit}."
        return Text(ja=ja, en=en)


class TooManyHolds(Violation):
    """In holds of one person at one site."""

    code = "too-many-holds"
    rule = "holds"
    everywhere = True
    message = Text(ja="同時に仮押さえできるのは2件までです。", en="Nobody holds more than two places at a time.")

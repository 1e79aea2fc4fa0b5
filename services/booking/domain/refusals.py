"""Every no of this service, each a class that explains itself in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.kernel.refusal import Forbidden, Invalid, Refusal
from shared.kernel.text import Text

if TYPE_CHECKING:
    from services.booking.domain.violations import Violation


class SlotTaken(Refusal):
    """Taken, and nothing else wrong. Members `conflicts` (when, never whose) and `alternatives`."""

    code = "slot-taken"
    message = Text(ja="その時間は既に予約されています。", en="That time is taken.")


class BookingRefused(Refusal):
    """At least one rule says no; member `violations` names every one, `alternatives` what would pass now."""

    code = "booking-refused"
    message = Text(ja="予約の規則に反しています。", en="The rules do not allow this booking.")

    def __init__(self, violations: Sequence[Violation], alternatives: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(violations=[v.spoken() for v in violations], alternatives=list(alternatives))
        self.violations = tuple(violations)


class TooLate(Refusal):
    code = "too-late"
    message = Text(ja="開始後のため、この操作はできません。", en="It has started; it is too late for that.")


class NotCancellable(Refusal):
    """Member `status` tells which one; so with the others."""

    code = "not-cancellable"
    message = Text(ja="この状態の予約は取り消せません。", en="A booking in this state cannot be cancelled.")


class NotConfirmable(Refusal):
    code = "not-confirmable"
    message = Text(ja="この状態の予約は確定できません。", en="A booking in this state cannot be confirmed.")


class NotApprovable(Refusal):
    code = "not-approvable"
    message = Text(ja="この予約は承認待ちではありません。", en="This booking is not waiting for approval.")


class NotRejectable(Refusal):
    code = "not-rejectable"
    message = Text(
        ja="承認待ちではないため、却下できません。", en="Only a booking that waits for approval can be rejected."
    )


class NotChangeable(Refusal):
    code = "not-changeable"
    message = Text(ja="この状態の予約は変更できません。", en="A booking in this state cannot be changed.")


class NotCheckableIn(Refusal):
    code = "not-checkable-in"
    message = Text(ja="この状態の予約にはチェックインできません。", en="A booking in this state cannot be checked in.")


class NotCheckableOut(Refusal):
    code = "not-checkable-out"
    message = Text(ja="チェックインしていない予約です。", en="Nobody has checked in to this booking.")


class NotForgivable(Refusal):
    code = "not-forgivable"
    message = Text(ja="この予約に無断不使用の記録はありません。", en="This booking was no no-show.")


class CheckInNotOpen(Refusal):
    """Member `opens_at`."""

    code = "check-in-not-open"
    message = Text(ja="チェックインの受付はまだ始まっていません。", en="It is too early to check in.")


class CheckInClosed(Refusal):
    """Member `closed_at`."""

    code = "check-in-closed"
    message = Text(ja="予約の時間が終わっています。", en="The time of this booking is over.")


class PresenceNotYours(Forbidden):
    code = "presence-not-yours"
    message = Text(
        ja="在室の表示は、ご本人だけが選べます。", en="Only the one a booking is for can choose that they are seen."
    )


class NotEntitledHere(Forbidden):
    code = "not-entitled-here"
    message = Text(
        ja="この拠点を利用できる方だけがご覧になれます。", en="Only those who may use this site see who is there."
    )


class IntervalInvalid(Invalid):
    code = "interval-invalid"
    message = Text(ja="終了は開始より後でなければなりません。", en="A booking ends after it starts.")


class IntervalTooLong(Invalid):
    code = "interval-too-long"
    message = Text(ja="一度に予約できるのは7日までです。", en="No booking is longer than seven days.")


class StartsInThePast(Invalid):
    code = "starts-in-the-past"
    message = Text(ja="過去の時間は予約できません。", en="A booking cannot start in the past.")


class BeyondHorizon(Invalid):
    code = "beyond-horizon"
    message = Text(ja="18か月より先の予約はできません。", en="Nobody can book more than 18 months ahead.")


class RangeInvalid(Invalid):
    """A range asked for is empty, or longer than the member `longest_days`."""

    code = "range-invalid"
    message = Text(ja="期間の指定に誤りがあります。", en="The range is empty or too long.")


class AsOfInFuture(Invalid):
    code = "as-of-in-future"
    message = Text(ja="as_of は未来の時刻にできません。", en="Nobody knows yet how it will stand then.")


class CursorUnknown(Invalid):
    code = "cursor-unknown"
    message = Text(ja="カーソルが正しくありません。", en="That is no cursor of this list.")


class PartUnknown(Invalid):
    code = "part-unknown"
    message = Text(ja="構成する部屋が見つかりません。", en="A part is no resource of this site.")


class PartCombined(Invalid):
    """Claims are made for rooms, so a combined room is made of rooms alone."""

    code = "part-combined"
    message = Text(ja="組み合わせた部屋を構成要素にはできません。", en="A part cannot itself be a combined room.")


class PartsFixed(Refusal):
    """What it is made of is part of what an id stands for."""

    code = "parts-fixed"
    message = Text(
        ja="構成する部屋は後から変更できません。別の ID で新しく登録してください。",
        en="What a room is made of cannot change later; define it anew under another id.",
    )


class IdReserved(Invalid):
    code = "id-reserved"
    message = Text(ja="この ID は使用できません。", en="That id is reserved.")


class KeyRequired(Invalid):
    code = "idempotency-key-required"
    status = 400
    message = Text(ja="Idempotency-Key が必要です。", en="An Idempotency-Key is required.")


class NoOrganization(Forbidden):
    code = "no-organization"
    message = Text(ja="予約には所属団体が必要です。", en="A booking needs an organization to act for.")


class MemberNotActive(Forbidden):
    code = "member-not-active"
    message = Text(ja="この会員の登録は停止されています。", en="This person's registration is no longer active.")

"""What a series alone can be refused for, in both languages."""

from shared.kernel.refusal import Invalid
from shared.kernel.text import Text


class RecurrenceInvalid(Invalid):
    """Member `part` names the part of the rule that is wrong, or that bookings cannot repeat by."""

    code = "recurrence-invalid"
    message = Text(
        ja="繰り返しの規則が正しくないか、使えない要素があります。",
        en="That is no rule of RFC 5545 by which bookings can repeat.",
    )


class RecurrenceUnmet(Invalid):
    """The first time is none of the rule's; member `first` is the wall time of the anchor zone that would be."""

    code = "recurrence-unmet"
    message = Text(
        ja="初回の日時が繰り返しの規則に合っていません。", en="The first time given is not one of the rule's own."
    )


class OccurrencesOverlap(Invalid):
    """Member `index` names the time that begins before the one before it, and the cleaning up, is over."""

    code = "occurrences-overlap"
    message = Text(ja="繰り返しの予約どうしが重なっています。", en="The times of that series overlap each other.")


class SeriesTooLong(Invalid):
    """Members `limit` and `claims`: the quarters of an hour it would occupy and draw."""

    code = "series-too-long"
    message = Text(
        ja="一つの繰り返し予約には多すぎます。期間を分けてください。",
        en="That is more than one series may hold; book it in parts.",
    )


class OccurrenceUnknown(Invalid):
    code = "occurrence-unknown"
    message = Text(ja="その回は、この繰り返し予約にありません。", en="The series has no such time.")

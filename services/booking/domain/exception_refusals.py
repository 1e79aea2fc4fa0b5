"""What an exception to the hours of a site can be refused for, in both languages."""

from shared.kernel.refusal import Invalid, Refusal
from shared.kernel.text import Text


class HoursInvalid(Invalid):
    code = "hours-invalid"
    message = Text(ja="終業は始業より後にしてください。", en="Hours of a day close after they open, by midnight.")


class PastException(Invalid):
    code = "exception-in-the-past"
    message = Text(ja="過去の日の営業時間は変更できません。", en="What a day's hours were cannot be changed.")


class ExceptionTooFar(Invalid):
    code = "exception-too-far"
    message = Text(ja="18か月より先の日は指定できません。", en="Nobody can book yet for a day beyond 18 months.")


class TooManyExceptions(Refusal):
    """Member `limit`."""

    code = "too-many-exceptions"
    message = Text(ja="例外日が多すぎます。", en="A site has no more exceptional days than that.")


class BookedThen(Refusal):
    """Members `count` and `conflicts`: when and where, never whose; a hundred of them at most."""

    code = "booked-then"
    message = Text(ja="その時間に予約があります。", en="Something is booked then, and would not be open any more.")

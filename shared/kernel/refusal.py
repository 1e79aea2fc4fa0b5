"""A rule said no: expected, explained, answered as 4xx. Anything else that is raised is an error."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.kernel.text import Text


class Refusal(Exception):
    """Base of every refusal; one subclass per rule, named as a statement (`SlotTaken`).

    `code` is the slug clients see, `status` the HTTP class it belongs to, `message` what a person reads.
    Members given to the constructor travel in the problem document beside them (never personal data).
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    message: ClassVar[Text] = Text(ja="この操作はできません。", en="This cannot be done.")

    def __init__(self, *, message: Text | None = None, **members: Any) -> None:
        super().__init__(self.code)
        self.text = message or self.message
        self.members: Mapping[str, Any] = members


class NotFound(Refusal):
    """Not there, or not yours: both look the same."""

    code = "not-found"
    status = 404
    message = Text(ja="見つかりません。", en="There is no such thing, or it is not yours to see.")


class Forbidden(Refusal):
    """The principal's role does not allow this at all."""

    code = "forbidden"
    status = 403
    message = Text(ja="この操作の権限がありません。", en="You are not allowed to do this.")


class Invalid(Refusal):
    """The request's content breaks a rule that needs no state to know."""

    code = "invalid"
    status = 422
    message = Text(ja="入力内容に誤りがあります。", en="The request is not valid.")


class KeyReused(Refusal):
    """The idempotency key was used before with another body."""

    code = "idempotency-key-reused"
    status = 422
    message = Text(
        ja="この Idempotency-Key は別の内容で使用済みです。",
        en="This Idempotency-Key was used before with another body.",
    )


class VersionStale(Refusal):
    """`If-Match` names a version that is no longer the current one."""

    code = "version-stale"
    status = 412
    message = Text(ja="他の変更が先に行われました。再取得してください。", en="It has changed since; read it again.")


class Busy(Refusal):
    """Too many at once for a bounded number of tries; the same request may simply be repeated."""

    code = "busy"
    status = 503
    message = Text(ja="混み合っています。もう一度お試しください。", en="Busy; please try again.")


class DeadlinePassed(Refusal):
    """The caller has given up already, so nothing was written."""

    code = "deadline-passed"
    status = 504
    message = Text(ja="時間内に処理できませんでした。", en="It could not be done in time; nothing was written.")


class NotYetKnown(Refusal):
    """The local copy this rule needs has not arrived yet."""

    code = "not-yet-known"
    status = 503
    message = Text(ja="情報の反映待ちです。少し後にお試しください。", en="It has not arrived here yet; please retry.")

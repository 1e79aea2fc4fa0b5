"""What the notify service says and is asked: notices, and the mail that carries a sign-in code."""

from typing import Annotated

from shared.contracts.message import BilingualView, Command, Event, Id, Instant, Language, View, personal


class NoticeView(View):
    """An in-app notice, in the words of its recipient's language at the time. `link` is an API path, or null."""

    id: Id
    topic: str
    title: BilingualView
    body: BilingualView
    created_at: Instant
    read_at: Instant | None = None
    link: str | None = None


class NoticeCreated(Event, wire="notify.notice_created.v1"):
    """A member has a new notice. The gateway's open inbox streams listen to this."""

    member: Id
    notice: NoticeView


class SendSignInCode(Command, wire="cmd.notify.send_sign_in_code.v1"):
    """Mail a sign-in code, never deferred. With `code` null nothing is sent: the decoy for unknown addresses."""

    email: Annotated[str, personal()]
    code: str | None
    language: Language
    expires_at: Instant

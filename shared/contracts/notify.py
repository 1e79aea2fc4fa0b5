"""What the notify service says and is asked: notices, and the mail that carries a sign-in code."""

from typing import Annotated

from pydantic import Field

from shared.contracts.message import BilingualView, Command, Event, Id, Instant, Language, Query, View, Why, personal
from shared.contracts.privacy import MemberErased, PersonalData, PersonalDataView


class NoticeView(View):
    """An in-app notice, in both languages; times in it are the site's and its recipient's. `link` is an API path."""

    id: Id
    topic: str
    title: Annotated[BilingualView, personal()]
    body: Annotated[BilingualView, personal()]
    created_at: Instant
    read_at: Instant | None = None
    link: str | None = None


class NoticesView(View):
    """Own notices, newest first (with `since`: oldest first). `next` is the cursor of the following page, or null."""

    items: tuple[NoticeView, ...]
    next: str | None = None


class NoticeCreated(Event, wire="notify.notice_created.v1"):
    """A member has a new notice. The gateway's open inbox streams listen to this."""

    member: Id
    notice: NoticeView


class NoticeRead(Event, wire="notify.notice_read.v1"):
    """A member has read a notice."""

    id: Id
    member: Id
    read_at: Instant


class ListNotices(Query, wire="qry.notify.notices.v1", reply=NoticesView):
    """The principal's own notices: with `unread` true only unread ones, false only read ones.

    `after` is the `next` of an earlier answer. `since` is the id of a notice the caller has (an SSE `Last-Event-ID`):
    then only those that came after it, oldest first; after an id that is not the principal's own comes nothing.
    """

    unread: bool | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    after: Annotated[str, Field(max_length=128)] | None = None
    since: Id | None = None


class ReadNotice(Command, wire="cmd.notify.read_notice.v1", reply=NoticeView):
    """Mark an own notice read; reading it again changes nothing."""

    id: Id
    reason: Why = None


class SendSignInCode(Command, wire="cmd.notify.send_sign_in_code.v1"):
    """Mail a sign-in code, never deferred. With `code` null nothing is sent: the decoy for unknown addresses.

    Answered 202 with no data as soon as it is stored; the code is forgotten once it is sent or has expired.
    """

    email: Annotated[str, personal()]
    code: str | None
    language: Language
    expires_at: Instant


class PersonalDataInNotify(PersonalData, wire="qry.notify.personal_data.v1", reply=PersonalDataView):
    """How they are reached, what they were told, and which mails that made."""


class MemberErasedInNotify(MemberErased, wire="notify.member_erased.v1"):
    """Address, notices and mails; `mailbox` counts what an embedded mail sink forgot."""

"""What members and other services ask of notify."""

from collections.abc import Callable

from services.notify.publish import view
from services.notify.store import Mails, Notices
from services.notify.store.mails import Code, Lane, code_row
from shared.contracts.message import Asked
from shared.contracts.notify import NoticeView, ReadNotice, SendSignInCode
from shared.kernel.ids import derived_id, new_id
from shared.kernel.refusal import DeadlinePassed, Forbidden
from shared.kernel.time import Clock
from shared.kit.documents import Cause


class Inbox:
    """One method per command."""

    def __init__(self, notices: Notices, mails: Mails, clock: Clock, nudge: Callable[[Lane], None]) -> None:
        self._notices = notices
        self._mails = mails
        self._clock = clock
        self._nudge = nudge

    async def read_notice(self, ask: Asked[ReadNotice]) -> tuple[NoticeView, bool]:
        """The notice as read, and whether the same key had done it before. Raises NotFound for another's."""
        stored = await self._notices.read(ask.data.id, ask.principal.id, Cause.of(ask), at=self._clock.now())
        return view(stored.doc), stored.replay

    async def send_sign_in_code(self, ask: Asked[SendSignInCode]) -> None:
        """Stored as a row like any other mail, the decoy too, so that both take the same time. Raises Forbidden."""
        if ask.principal.kind != "system":
            raise Forbidden
        at, asked = self._clock.now(), ask.data
        if at > ask.deadline:
            raise DeadlinePassed
        mail_id = derived_id(ask.principal.id, asked.wire, ask.key) if ask.key else new_id(at)
        code = Code(asked.email, asked.code, asked.language, asked.expires_at)
        await self._mails.add([code_row(mail_id, code, correlationid=ask.correlationid, at=at)])
        self._nudge(Lane.PERSONAL)

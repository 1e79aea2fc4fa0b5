"""A session opened, whichever way somebody signed in, and the pair of tokens it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.members.domain.member import Member
from services.members.domain.session import RefreshToken, Session
from services.members.handlers.tokens import Tokens
from services.members.store.sessions import Sessions
from shared.contracts import members as contract
from shared.kernel.ids import new_id
from shared.kit.log import get_logger

log = get_logger()


@dataclass(frozen=True, slots=True)
class Opening:
    """`chance` gives 64 hexadecimal digits nobody can guess."""

    sessions: Sessions
    tokens: Tokens
    chance: Callable[[], str]

    async def open(
        self, member: Member, at: datetime, *, way: Literal["code", "provider"], acted_for: str | None = None
    ) -> contract.TokenView:
        """The first pair of tokens of a new session, for the home organization or the one `acted_for`."""
        first = RefreshToken(new_id(at), 0, self.chance())
        await self.sessions.open(Session.open(first, member.id, at, era=member.era))
        log.info("session.opened", session=first.session, member=member.id, way=way)
        return await self.pair(member, first, acted_for)

    async def pair(self, member: Member, refresh: RefreshToken, acted_for: str | None = None) -> contract.TokenView:
        """An access token that says what is true of them now, beside the next refresh token."""
        access = await self.tokens.access_token(member, refresh.session, acted_for)
        return contract.TokenView(access_token=access, expires_in=contract.TOKEN_LIFETIME, refresh_token=refresh.text)

"""Sign-in: a code by mail, tokens for the code, the next tokens for a refresh token. The same for every address."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.members.domain.address import Address, address
from services.members.domain.member import Member
from services.members.domain.session import NotYourOrganization, Refreshed, RefreshToken, Session, SessionEnded
from services.members.domain.sign_in import CODE_LIFETIME, SignIn, TooManyAttempts, WrongCode
from services.members.handlers.asking import check_in_time
from services.members.handlers.opening import Opening
from services.members.store.people import People
from services.members.store.secret import Secret
from services.members.store.sign_ins import Clients, SignIns
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.contracts.notify import SendSignInCode
from shared.kernel.networks import network_of
from shared.kernel.refusal import DeadlinePassed
from shared.kernel.time import Clock
from shared.kit.documents import Cause
from shared.kit.log import get_logger
from shared.kit.nats.request import Unavailable

log = get_logger()


class CodeMail(Protocol):
    """The way to the person: notify, asked and answered."""

    async def send(self, mail: SendSignInCode, correlationid: str) -> None:
        """Raises Unavailable (nothing was sent) or TimedOut."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted of asking and guessing: by address, and by network, where `most_per_client` go out an hour."""

    sign_ins: SignIns
    clients: Clients
    most_per_client: int


@dataclass(frozen=True, slots=True)
class SignInHandlers:
    """`new_code` gives eight digits that nobody can guess."""

    people: People
    counts: Counts
    opening: Opening
    mail: CodeMail
    secret: Secret
    clock: Clock
    new_code: Callable[[], str]

    async def request_sign_in_code(self, ask: Asked[contract.RequestSignInCode]) -> contract.CodeRequestedView:
        """Does the same work for an address nobody has: notify is told, without a code. Raises TooManyAttempts."""
        to, at = address(ask.data.email), self.clock.now()
        network = self._network(ask.data.client)
        if network is not None:
            await self.counts.clients.change(network, lambda c: c.request(at, most=self.counts.most_per_client))
        try:
            await self._send_code(to, ask, at)
        except (TooManyAttempts, DeadlinePassed, Unavailable):
            if network is not None:
                await self.counts.clients.change(network, lambda c: c.not_sent(at))
            raise
        return contract.CodeRequestedView(expires_in=int(CODE_LIFETIME.total_seconds()))

    async def _send_code(self, to: Address, ask: Asked[contract.RequestSignInCode], at: datetime) -> None:
        code = self.new_code()
        member = await self.people.active_by_address(to)

        def decide(state: SignIn) -> SignIn:
            check_in_time(ask, self.clock)
            return state.request(self._digest(to, code, ask.data.browser), at)

        await self.counts.sign_ins.change(to.key, decide)
        mail = SendSignInCode(
            email=to.text,
            code=code if member else None,
            language=member.language if member else ask.data.language or ask.principal.language,
            expires_at=at + CODE_LIFETIME,
        )
        try:
            await self.mail.send(mail, ask.correlationid)
        except Unavailable:
            await self.counts.sign_ins.change(to.key, lambda s: s.not_sent(at))
            raise

    async def create_session(self, ask: Asked[contract.CreateSession]) -> contract.TokenView:
        """Uses the code up, whatever comes after. Raises WrongCode, TooManyAttempts, NotYourOrganization."""
        to, at = address(ask.data.email), self.clock.now()
        member = await self.people.active_by_address(to)
        right = await self._attempt(to, ask, member)
        if not right or member is None:
            raise WrongCode
        return await self.opening.open(member, at, way="code", acted_for=ask.data.organization)

    async def refresh_session(self, ask: Asked[contract.RefreshSession]) -> contract.TokenView:
        """Raises SessionEnded, also where the member is not active or in another era; NotYourOrganization, the token
        still good.
        """
        token, at = RefreshToken.parse(ask.data.refresh_token), self.clock.now()
        pepper, acted_for = self.secret.key("refresh-tokens"), ask.data.organization
        owner = await self.people.active(await self.opening.sessions.member_of(token.session)) if acted_for else None

        def decide(session: Session) -> Refreshed:
            check_in_time(ask, self.clock)
            refreshed = session.refresh(token, pepper, at)
            if refreshed.give is not None:
                _check_theirs(owner, acted_for)
            return refreshed

        refreshed = await self.opening.sessions.refresh(token.session, decide, Cause.of(ask))
        if refreshed.give is None:
            log.warning("session.reused", session=token.session, member=refreshed.after.member)
            raise SessionEnded
        member = await self.people.active(refreshed.after.member)
        if member is None or member.era != refreshed.after.era:
            raise SessionEnded
        log.info("session.refreshed", session=token.session, member=member.id)
        return await self.opening.pair(member, refreshed.give, acted_for)

    async def end_session(self, ask: Asked[contract.EndSession]) -> None:
        """The principal's own; ending it twice is ending it."""
        check_in_time(ask, self.clock)
        session, member = ask.data.session, ask.principal.id
        if await self.opening.sessions.revoke(session, member, self.clock.now(), reason=ask.data.reason):
            log.info("session.ended", session=session, member=member)

    async def _attempt(self, to: Address, ask: Asked[contract.CreateSession], member: Member | None) -> bool:
        """Only the guess that was written as the right one is right, however many came at once.

        A code asked for in a browser is right in that browser alone; one asked for by a program, anywhere.
        """
        at, right = self.clock.now(), False
        digests = {self._digest(to, ask.data.code, browser) for browser in (None, ask.data.browser)}

        def decide(state: SignIn) -> SignIn:
            nonlocal right
            check_in_time(ask, self.clock)
            attempt = state.attempt(digests, at)
            right = attempt.right
            if right:
                _check_theirs(member, ask.data.organization)
            return attempt.after

        await self.counts.sign_ins.change(to.key, decide)
        return right

    def _digest(self, to: Address, code: str, browser: str | None) -> str:
        return self.secret.digest("sign-in-codes", to.key, code, *filter(None, [browser]))

    def _network(self, client: str | None) -> str | None:
        return self.secret.digest("sign-in-clients", network_of(client)) if client else None


def _check_theirs(member: Member | None, organization: str | None) -> None:
    """Raises NotYourOrganization; said only to who has the right code or token, and before either is used up."""
    if member is not None and organization is not None and organization not in member.organizations:
        raise NotYourOrganization

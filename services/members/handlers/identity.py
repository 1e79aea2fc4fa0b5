"""Organizations' identity providers, and signing in by them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.members.domain.identity_provider import (
    IdentityProvider,
    ProviderEvent,
    Setter,
    SignInRefused,
    domains_of,
)
from services.members.domain.identity_sign_in import (
    SIGN_IN_LIFETIME,
    TICKET_LIFETIME,
    Begun,
    Identity,
    NoPublicAddress,
    NotBegunHere,
    Ticket,
    handover,
    identity_id,
)
from services.members.domain.member import Member
from services.members.domain.rights import check_tends_organizations
from services.members.handlers.asking import actor_of, check_in_time
from services.members.handlers.opening import Opening
from services.members.openid import Client, OpenId, ProviderAway, Returned, Secrets
from services.members.store.identities import (
    Identities,
    IdentityProviders,
    Once,
    begun_body,
    begun_from,
    ticket_body,
    ticket_from,
)
from services.members.store.mapping import SITE
from services.members.store.people import People
from services.members.store.seal import Seal
from services.members.store.secret import Secret
from services.members.store.sign_ins import Clients
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.kernel.decision import Decision
from shared.kernel.networks import network_of
from shared.kernel.refusal import NotFound
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Documents, Stored
from shared.kit.log import get_logger

log = get_logger()
CALLBACK = "/v1/auth/oidc/callback"


@dataclass(frozen=True, slots=True)
class Place:
    """Where this installation is, `url` empty for nowhere; `origins` are those whose pages it may lead back to."""

    url: str
    origins: frozenset[str]

    @property
    def redirect_uri(self) -> str | None:
        return f"{self.url}{CALLBACK}" if self.url else None


@dataclass(frozen=True, slots=True)
class ProviderHandlers:
    """`seal` keeps the clients' secrets."""

    providers: IdentityProviders
    organizations: Documents
    openid: OpenId
    seal: Seal
    clock: Clock

    async def put_identity_provider(self, ask: Asked[contract.PutIdentityProvider]) -> Stored:
        """Raises Forbidden, NotFound, UnsafeIssuer, InvalidDomain, and what the one write raises."""
        by, wish = actor_of(ask.principal), ask.data
        check_tends_organizations(by)
        if await self.organizations.get(wish.id, {"site": SITE}) is None:
            raise NotFound
        self.openid.check_issuer(wish.issuer)
        setter, domains = Setter(by.id, by.roles, by.site), domains_of(wish.domains)
        wanted = IdentityProvider(wish.id, wish.issuer, wish.client_id, None, domains, setter)

        def decide(before: IdentityProvider | None) -> Decision[IdentityProvider, ProviderEvent]:
            sealed = self._sealed(wish.client_secret, before)
            made = replace(wanted, sealed=sealed)
            return made.introduced() if before is None else made.over(before)

        return await self.providers.put(wish.id, decide, Cause.of(ask), at=self.clock.now(), if_match=ask.if_match)

    async def remove_identity_provider(self, ask: Asked[contract.RemoveIdentityProvider]) -> None:
        """Raises Forbidden, NotFound, and what the one write raises."""
        check_tends_organizations(actor_of(ask.principal))
        cause, at = Cause.of(ask), self.clock.now()
        await self.providers.change(ask.data.id, _removed, cause, at=at, if_match=ask.if_match)

    def _sealed(self, secret: str | None, before: IdentityProvider | None) -> str | None:
        """The same for the same secret, so that saying it again changes nothing."""
        if secret is None:
            return None
        kept = before.sealed if before is not None else None
        if kept is not None and self.seal.opened(kept) == {"secret": secret}:
            return kept
        return self.seal.closed({"secret": secret})


def _removed(before: IdentityProvider | None) -> Decision[IdentityProvider, ProviderEvent]:
    if before is None:
        raise NotFound
    return before.remove()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a sign-in on its way, each thing taken at most once."""

    begun: Once
    tickets: Once


@dataclass(frozen=True, slots=True)
class Starts:
    """Sign-ins begun, by network: `most` an hour, whatever becomes of them, for each may have a provider asked."""

    clients: Clients
    most: int


@dataclass(frozen=True, slots=True)
class IdentitySignIn:
    """`chance` gives 64 hexadecimal digits nobody can guess. Of each state and ticket only a keyed hash is stored."""

    providers: IdentityProviders
    identities: Identities
    people: People
    kept: Kept
    starts: Starts
    opening: Opening
    openid: OpenId
    seal: Seal
    secret: Secret
    place: Place
    clock: Clock
    chance: Callable[[], str]

    async def begin_sign_in(self, ask: Asked[contract.BeginSignIn]) -> contract.BegunSignInView:
        """Raises TooManyAttempts, NotFound, NoPublicAddress, ReturnNotAllowed, ProviderAway."""
        wish, secrets = ask.data, self._secrets(self.chance())
        await self._count(wish.client)
        to = handover(wish.return_to, wish.code_challenge, self.place.origins)
        provider = await self.providers.get(wish.organization)
        url = await self.openid.authorization_url(self._client(provider), secrets)
        check_in_time(ask, self.clock)
        expires_at = self.clock.now() + SIGN_IN_LIFETIME
        begun = Begun(wish.organization, provider.issuer, wish.browser, expires_at, to)
        await self.kept.begun.put(self._key("begun", secrets.state), begun_body(begun))
        seconds = int(SIGN_IN_LIFETIME.total_seconds())
        return contract.BegunSignInView(authorization_url=url, expires_in=seconds)

    async def finish_sign_in(self, ask: Asked[contract.FinishSignIn]) -> contract.FinishedSignInView:
        """Whatever comes of it, it is over. Raises NotBegunHere, SignInRefused, ProviderAway."""
        begun = await self._begun(ask)
        back = begun.handover
        try:
            member = await self._member(begun, ask)
        except (SignInRefused, ProviderAway) as refusal:
            reason = refusal.reason if isinstance(refusal, SignInRefused) else refusal.code
            log.warning("oidc.refused", organization=begun.organization, reason=reason)
            if back is not None:
                refusal.members = {"return_to": back.url(error=refusal.code)}
            raise
        at = self.clock.now()
        check_in_time(ask, self.clock)
        if back is None:
            return contract.FinishedSignInView(tokens=await self.opening.open(member, at, way="provider"))
        code = self.chance()
        ticket = Ticket(member.id, back.challenge, at + TICKET_LIFETIME)
        await self.kept.tickets.put(self._key("ticket", code), ticket_body(ticket))
        return contract.FinishedSignInView(return_to=back.url(code=code))

    async def exchange_code(self, ask: Asked[contract.ExchangeCode]) -> contract.TokenView:
        """Uses the code up, whatever comes after. Raises NotBegunHere."""
        check_in_time(ask, self.clock)
        at = self.clock.now()
        doc = await self.kept.tickets.take(self._key("ticket", ask.data.code))
        if doc is None:
            raise NotBegunHere
        ticket = ticket_from(doc)
        ticket.check(ask.data.code_verifier, at)
        member = await self.people.active(ticket.member)
        if member is None:
            raise NotBegunHere
        return await self.opening.open(member, at, way="provider")

    async def _count(self, client: str | None) -> None:
        if client is not None:
            at, network = self.clock.now(), self._key("starts", network_of(client))
            await self.starts.clients.change(network, lambda c: c.request(at, most=self.starts.most))

    async def _begun(self, ask: Asked[contract.FinishSignIn]) -> Begun:
        check_in_time(ask, self.clock)
        state = ask.data.state
        doc = await self.kept.begun.take(self._key("begun", state)) if state else None
        if doc is None:
            raise NotBegunHere
        begun = begun_from(doc)
        begun.check(ask.data.browser, self.clock.now())
        return begun

    async def _member(self, begun: Begun, ask: Asked[contract.FinishSignIn]) -> Member:
        """Who signed in, linked at the first time. Raises SignInRefused, ProviderAway."""
        at, told = self.clock.now(), ask.data
        provider = await self._provider_of(begun)
        if told.error is not None or told.code is None or told.state is None:
            raise SignInRefused("provider-refused")
        returned = Returned(told.code, told.issuer)
        vouched = await self.openid.vouched(self._client(provider), self._secrets(told.state), returned, at=at)
        address = provider.address_of(vouched)
        key = identity_id(provider.issuer, vouched.subject)
        known = await self.identities.get(key)
        found = self.people.active(known.member) if known else self.people.active_by_address(address)
        member = provider.check(await found)
        if known is None:
            cause = replace(Cause.of(ask), actor=member.id)
            await self.identities.link(Identity(key, provider.issuer, member.id), cause, at=at)
        return member

    async def _provider_of(self, begun: Begun) -> IdentityProvider:
        """The provider, if it is still the one that was asked. Raises SignInRefused."""
        try:
            provider = await self.providers.get(begun.organization)
        except NotFound:
            raise SignInRefused("provider-removed") from None
        if provider.issuer != begun.issuer:
            raise SignInRefused("provider-changed")
        return provider

    def _client(self, provider: IdentityProvider) -> Client:
        """Raises NoPublicAddress."""
        if self.place.redirect_uri is None:
            raise NoPublicAddress
        secret = self.seal.opened(provider.sealed)["secret"] if provider.sealed else None
        return Client(provider.issuer, provider.client_id, secret, self.place.redirect_uri)

    def _secrets(self, state: str) -> Secrets:
        """Computed from the state, so that only its hash has to be kept."""
        return Secrets(state, self._key("nonce", state), self._key("verifier", state))

    def _key(self, purpose: str, text: str) -> str:
        return self.secret.digest(f"identity-sign-in-{purpose}", text)

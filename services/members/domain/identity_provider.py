"""An organization's identity provider: whom it may be believed about, and what it is asked as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.members.domain.address import Address, InvalidEmail, address
from services.members.domain.member import Member
from services.members.domain.rights import Actor
from shared.kernel.decision import Decision
from shared.kernel.refusal import Invalid, Refusal
from shared.kernel.text import Text


class UnsafeIssuer(Invalid):
    code = "unsafe-issuer"
    message = Text(
        ja="issuer は公開された https の URL で指定してください (ポート443、クエリなし)。",
        en="The issuer must be a public https URL, on port 443 and without a query.",
    )


class InvalidDomain(Invalid):
    code = "invalid-domain"
    message = Text(ja="メールドメインの形式が正しくありません。", en="That is not the domain of an e-mail address.")


class SignInRefused(Refusal):
    """One answer for whatever the provider said or did not say; `reason` is for our log alone."""

    code = "sign-in-refused"
    status = 401
    message = Text(
        ja="所属組織のアカウントではサインインできませんでした。管理者にお問い合わせください。",
        en="Signing in with your organization's account did not work; ask its administrator.",
    )

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


@dataclass(frozen=True, slots=True)
class IdentityProviderSet:
    organization: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentityProviderRemoved:
    organization: str


ProviderEvent = IdentityProviderSet | IdentityProviderRemoved


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider says of who signed in; nothing of it is believed before `IdentityProvider.check`."""

    subject: str
    email: str
    email_verified: bool


@dataclass(frozen=True, slots=True)
class Setter:
    """Who set a provider, as far as it matters later: a provider lets nobody in whom its setter could not have made."""

    id: str
    roles: frozenset[str]
    site: str | None

    def could_make(self, member: Member) -> bool:
        return Actor(self.id, self.roles, site=self.site).may_grant(member.roles, member.site)


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """`sealed` is the client's secret, encrypted; None for a public client. `domains` are lower-case A-labels."""

    organization: str
    issuer: str
    client_id: str
    sealed: str | None
    domains: tuple[str, ...]
    set_by: Setter
    active: bool = True

    def introduced(self) -> Decision[IdentityProvider, ProviderEvent]:
        """Said for the first time, or again after it was removed."""
        return Decision(self, [IdentityProviderSet(self.organization, _FIELDS)])

    def over(self, before: IdentityProvider) -> Decision[IdentityProvider, ProviderEvent]:
        """Takes the place of `before`, whose secret goes on where none is given: at the same issuer.

        No other issuer is ever shown a secret that was not meant for it; without one of its own, its client is public.
        """
        if not before.active:
            return self.introduced()
        keeps = self.sealed is None and self.issuer == before.issuer
        after = replace(self, sealed=before.sealed) if keeps else self
        changed = tuple(field for field in _FIELDS if getattr(before, field) != getattr(after, field))
        return Decision(after, [IdentityProviderSet(self.organization, changed)]) if changed else Decision(before)

    def remove(self) -> Decision[IdentityProvider, ProviderEvent]:
        """From now on nobody signs in by it; the secret is forgotten."""
        if not self.active:
            return Decision(self)
        return Decision(replace(self, active=False, sealed=None), [IdentityProviderRemoved(self.organization)])

    def address_of(self, vouched: Vouched) -> Address:
        """The address it may vouch for. Raises SignInRefused."""
        if not vouched.email_verified:
            raise SignInRefused("email-not-verified")
        try:
            found = address(vouched.email)
        except InvalidEmail:
            raise SignInRefused("email-malformed") from None
        if found.domain not in self.domains:
            raise SignInRefused("foreign-domain")
        return found

    def check(self, member: Member | None) -> Member:
        """The member, where this provider may let them in. Raises SignInRefused."""
        if member is None:
            raise SignInRefused("unknown-member")
        if member.organization != self.organization:
            raise SignInRefused("another-organization")
        if not self.set_by.could_make(member):
            raise SignInRefused("above-its-setter")
        return member


_FIELDS = ("issuer", "client_id", "sealed", "domains")
"""What an event may say has changed; who set it last is in the document alone."""


def domains_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Each once, sorted, in lower-case A-labels. Raises InvalidDomain."""
    try:
        return tuple(sorted({address(f"x@{text}").domain for text in texts}))
    except InvalidEmail:
        raise InvalidDomain from None

"""Signing in with an organization's own identity provider (OpenID Connect): what is asked, answered and announced."""

from typing import Annotated

from pydantic import Field

from shared.contracts.members.asked import Browser
from shared.contracts.members.views import TokenView
from shared.contracts.message import Command, Event, Id, Query, View, Why, personal

_Visible = r"^[\x21-\x7e]+$"
_Said = r"^[\x20-\x7e]*$"
Secret = Annotated[str, Field(min_length=1, max_length=512, pattern=_Visible), personal()]


class IdentityProviderView(View):
    """`has_secret` false is a public client; the secret itself is never told.

    `redirect_uri` is what the provider has to know of us; null where the installation has no public address.
    """

    organization: Id
    issuer: str
    client_id: str
    has_secret: bool
    domains: tuple[str, ...]
    redirect_uri: str | None = None
    version: int


class BegunSignInView(View):
    """Where the browser goes on. `expires_in` in seconds."""

    authorization_url: str
    expires_in: int


class FinishedSignInView(View):
    """`tokens`, or the URL that leads back to who began it, with a code to exchange for them."""

    tokens: TokenView | None = None
    return_to: str | None = None


class PutIdentityProvider(Command, wire="cmd.members.put_identity_provider.v1", reply=IdentityProviderView):
    """The provider of organization `id`, trusted for the addresses in `domains`.

    Without `client_secret` the one before stays, at the same issuer; where there is none, the client is public (PKCE
    alone).
    `reason` is for the record. Refusals: unsafe-issuer 422, invalid-domain 422.
    """

    id: Id
    issuer: Annotated[str, Field(min_length=1, max_length=512)]
    client_id: Annotated[str, Field(min_length=1, max_length=255, pattern=_Visible)]
    client_secret: Secret | None = None
    domains: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...], Field(min_length=1, max_length=20)
    ]
    reason: Why = None


class RemoveIdentityProvider(Command, wire="cmd.members.remove_identity_provider.v1"):
    """Nobody signs in by it any more; its secret is forgotten. Sessions go on. Answers 204, also the second time.

    `reason` is for the record.
    """

    id: Id
    reason: Why = None


class GetIdentityProvider(Query, wire="qry.members.identity_provider.v1", reply=IdentityProviderView):
    """The provider of organization `id`."""

    id: Id


class BeginSignIn(Command, wire="cmd.members.begin_sign_in.v1", reply=BegunSignInView):
    """With `organization`'s provider, in this `browser`.

    `return_to` is where the browser ends up, with a code for whoever knows the verifier of `code_challenge` (S256).
    Refusals: return-not-allowed 422, too-many-attempts 429, no-public-address 409, identity-provider-away 503.
    """

    organization: Id
    browser: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    client: Annotated[str | None, Field(max_length=64), personal()] = None
    """The network address it was asked from, as the gateway saw it."""
    return_to: Annotated[str | None, Field(max_length=1_024)] = None
    code_challenge: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{43}$")] = None


class FinishSignIn(Command, wire="cmd.members.finish_sign_in.v1", reply=FinishedSignInView):
    """What the provider sent the browser back with. Refusals: sign-in-not-begun-here 400, sign-in-refused 401.

    A refusal carries `return_to` where it was begun with one.
    """

    state: Annotated[str | None, Field(max_length=256, pattern=_Said)] = None
    browser: Browser = None
    code: Annotated[str | None, Field(max_length=4_096, pattern=_Said)] = None
    issuer: Annotated[str | None, Field(max_length=512, pattern=_Said)] = None
    error: Annotated[str | None, Field(max_length=256, pattern=_Said)] = None


class ExchangeCode(Command, wire="cmd.members.exchange_code.v1", reply=TokenView):
    """The code a browser was sent back with, for tokens, once, within a minute. Refusal: sign-in-not-begun-here 400."""

    code: Annotated[str, Field(min_length=1, max_length=256)]
    code_verifier: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{43,128}$")]


class IdentityProviderSet(Event, wire="members.identity_provider_set.v1"):
    """An organization has a provider from now on, or another; `changed` names the fields that differ, never values."""

    id: Id
    changed: tuple[str, ...]
    version: int


class IdentityProviderRemoved(Event, wire="members.identity_provider_removed.v1"):
    """An organization has none any more."""

    id: Id
    version: int


class IdentityLinked(Event, wire="members.identity_linked.v1"):
    """A subject of a provider is known as a member from now on; `id` is a hash that tells neither."""

    id: Id
    member: Id
    version: int


class IdentityUnlinked(Event, wire="members.identity_unlinked.v1"):
    """A subject of a provider is known as nobody any more: the member was erased."""

    id: Id
    version: int

"""What members answers."""

from typing import Annotated, Literal

from shared.contracts.members.said import (
    BookingForOthers,
    MembershipView,
    NameView,
    OnLeaveView,
    OrganizationKind,
    OrganizationStatus,
    OrganizationTransition,
    Role,
)
from shared.contracts.message import BilingualView, Id, Instant, Language, Principal, SiteId, View, Zone, personal

TOKEN_ISSUER = "lounge/members"  # noqa: S105 - a name, no secret
TOKEN_AUDIENCE = "lounge/api"  # noqa: S105 - a name, no secret
TOKEN_LIFETIME = 600
"""Seconds an access token lives."""
KEY_SET_CACHE = 300
"""Seconds a verifier may keep the key set; a new key is published at least that long before it signs."""


class StepView(View):
    """One step of an organization's way: where it led, when (RFC 3339, offset of the home zone), made by whom."""

    transition: OrganizationTransition
    status: OrganizationStatus
    at: str
    by: Id
    reason: Annotated[str | None, personal()] = None


class OrganizationView(View):
    """An organization; `created_at` is RFC 3339 with the offset of its home zone.

    `membership` is the period that holds today, else the next, else the last of `periods`. `renewal_pending`: the last
    one is about to end. `steps` are shown to staff and to the organization's admins. `booking_for_others`: who may book
    for somebody else, any colleague or only that person's assistants; its admins may in any case.
    `addressed` is its name on a letter to nobody by name: 御中 behind it in Japanese, nothing in English.
    """

    id: Id
    name: BilingualView
    addressed: BilingualView | None = None
    kind: OrganizationKind
    status: OrganizationStatus
    membership: MembershipView | None = None
    home_zone: Zone
    created_at: str
    version: int
    periods: tuple[MembershipView, ...] = ()
    renewal_pending: bool = False
    steps: tuple[StepView, ...] = ()
    booking_for_others: BookingForOthers = "colleagues"
    on_leave: OnLeaveView = OnLeaveView()


class OrganizationsView(View):
    items: tuple[OrganizationView, ...]
    next: str | None = None


class MemberView(View):
    """A person. `organization` is their home organization, the first of `organizations`.

    `display` is how the name is written in each language, `addressed` how a letter has it: 様 behind it in Japanese,
    nothing in English.
    """

    id: Id
    organization: Id
    organizations: tuple[Id, ...]
    email: Annotated[str, personal()]
    name: Annotated[NameView, personal()]
    display: Annotated[BilingualView | None, personal()] = None
    addressed: Annotated[BilingualView | None, personal()] = None
    language: Language
    time_zone: Zone
    roles: tuple[Role, ...]
    site: SiteId | None = None
    active: bool
    assistants: tuple[Id, ...] = ()
    created_at: str
    version: int


class MembersView(View):
    items: tuple[MemberView, ...]
    next: str | None = None


class MemberCountView(View):
    """`count` people, and no more than was asked for."""

    count: int


class MeView(View):
    """Who asks: `member` is null for a site's key; `organization` is the one acted for."""

    member: MemberView | None = None
    organization: OrganizationView | None = None
    organizations: tuple[OrganizationView, ...] = ()
    roles: tuple[str, ...] = ()
    site: SiteId | None = None


class CodeRequestedView(View):
    """The same for known and unknown addresses. `expires_in` in seconds."""

    expires_in: int


class TokenView(View):
    """`refresh_token` is null where none is given (ops). `expires_in` in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a name, no secret
    expires_in: int
    refresh_token: str | None = None


class KeyView(View):
    """One public key of RFC 8037, to verify with."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"
    kid: str
    x: str


class JwksView(View):
    """An RFC 7517 key set: the key that signs, the next one, those whose tokens may still live."""

    keys: tuple[KeyView, ...]


class RevokedSessionsView(View):
    """The sessions ended so lately that an access token of theirs may still be unexpired."""

    sessions: tuple[Id, ...]
    next: str | None = None


class ApiKeyView(View):
    """Without the secret; `prefix` is how it begins, to tell keys apart. Instants are RFC 3339, UTC."""

    id: Id
    name: Annotated[str, personal()]
    prefix: str
    scopes: tuple[str, ...]
    site: SiteId | None = None
    organization: Id | None = None
    created_by: Id
    created_at: str
    expires_at: str | None = None
    last_used_at: str | None = None
    revoked_at: str | None = None
    version: int


class NewApiKeyView(ApiKeyView):
    """`secret` is told once, at the first answer; null in a replay."""

    secret: str | None = None


class ApiKeysView(View):
    items: tuple[ApiKeyView, ...]
    next: str | None = None


class PrincipalView(View):
    """Whom an API key lets in. A `program` acts as the member who made it, a `site` as that site."""

    key: Id
    kind: Literal["program", "site"]
    id: Id
    organization: Id | None = None
    organizations: tuple[Id, ...] = ()
    roles: frozenset[str] = frozenset()
    site: SiteId | None = None
    scopes: frozenset[str] = frozenset()
    language: Language = "en"
    expires_at: Instant | None = None

    def principal(self) -> Principal:
        """The principal to hand on with each request."""
        return Principal(**{name: getattr(self, name) for name in Principal.model_fields})

"""What members is asked: commands and queries."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.members.said import BookingForOthers, OrganizationKind, OrganizationStatus, Role
from shared.contracts.members.views import (
    ApiKeysView,
    ApiKeyView,
    CodeRequestedView,
    JwksView,
    MemberCountView,
    MembersView,
    MemberView,
    MeView,
    NewApiKeyView,
    OrganizationsView,
    OrganizationView,
    PrincipalView,
    RevokedSessionsView,
    TokenView,
)
from shared.contracts.message import (
    Command,
    Day,
    Id,
    Instant,
    Language,
    Line,
    Model,
    Query,
    SiteId,
    Text,
    Why,
    Zone,
    personal,
)

EmailAddress = Annotated[str, Field(min_length=1, max_length=320), personal()]
THINGS = ("members", "bookings", "seminars", "sites", "notifications", "events", "ops")
SCOPES = frozenset(f"{thing}:{right}" for thing in THINGS for right in ("read", "write"))
"""What a program may be let do, beyond which its key opens no door; `write` includes `read`. docs/sign-in.md."""
Scope = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.:-]{0,63}$")]


class Membership(Model):
    """First and last day of validity, both included; days of the organization's home zone."""

    starts_on: Day
    ends_on: Day

    def model_post_init(self, _: object) -> None:
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on is not before starts_on")


class OnLeave(Model):
    """What becomes of the coming bookings of a person who leaves; `to` is a member of the organization, null its admin.

    Given as a whole.
    """

    bookings: Literal["hand_over", "cancel"] = "hand_over"
    to: Id | None = None


class PersonName(Model):
    """A person's name as they write it: native, kana, Latin; stored byte for byte."""

    family: Line
    given: Line
    family_kana: Line | None = None
    given_kana: Line | None = None
    latin: Line | None = None


Browser = Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")]
"""The hash of the cookie by which the gateway tells a browser apart while somebody signs in; null for no browser."""


class RequestSignInCode(Command, wire="cmd.members.request_sign_in_code.v1", reply=CodeRequestedView):
    """Mail a code, if the address is a member's. Refusals: invalid-email 422, too-many-attempts 429."""

    email: EmailAddress
    language: Language | None = None
    client: Annotated[str | None, Field(max_length=64), personal()] = None
    """The network address it was asked from, as the gateway saw it."""
    browser: Browser = None


class CreateSession(Command, wire="cmd.members.create_session.v1", reply=TokenView):
    """Exchange a code for tokens, once; to act for `organization`, else for the home organization.

    Refusals: wrong-code 401, too-many-attempts 429, not-your-organization 403 (the code is still good).
    """

    email: EmailAddress
    code: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    browser: Browser = None
    """A code asked for in a browser is good in that one alone."""
    organization: Id | None = None


class RefreshSession(Command, wire="cmd.members.refresh_session.v1", reply=TokenView):
    """The next pair of tokens, to act for `organization`, else for the home organization.

    Refusals: session-ended 401, also for a token that is not ours; not-your-organization 403 (the token is still good).
    """

    refresh_token: Annotated[str, Field(min_length=1, max_length=256)]
    organization: Id | None = None


class EndSession(Command, wire="cmd.members.end_session.v1"):
    """`session` is the access token's `sid`. Answers 204, also the second time. `reason` stays with the session."""

    session: Id
    reason: Why = None


class RotateSigningKeys(Command, wire="cmd.members.rotate_signing_keys.v1", reply=JwksView):
    """Ops only: publish a new key now, sign with it once every verifier can know it."""


class IssueToken(Command, wire="cmd.members.issue_token.v1", reply=TokenView):
    """Ops only: an access token without a session."""

    email: EmailAddress


class AddOperator(Command, wire="cmd.members.add_operator.v1", reply=MemberView):
    """Ops only: the member of that address becomes an operator; is made, with LINK-J's organization, if not there."""

    email: EmailAddress


class CreateOrganization(Command, wire="cmd.members.create_organization.v1", reply=OrganizationView):
    """With a membership it is active at once, without it has applied."""

    name: Text
    kind: OrganizationKind
    membership: Membership | None = None
    home_zone: Zone = "Asia/Tokyo"
    reason: Why = None


class UpdateOrganization(Command, wire="cmd.members.update_organization.v1", reply=OrganizationView):
    """Absent or null leaves a field as it is. A membership holds from now on alone, and makes an applicant active.

    `reason` is for the record, and for the step it makes.
    """

    id: Id
    name: Text | None = None
    kind: OrganizationKind | None = None
    membership: Membership | None = None
    home_zone: Zone | None = None
    booking_for_others: BookingForOthers | None = None
    on_leave: OnLeave | None = None
    reason: Why = None


class CreateMember(Command, wire="cmd.members.create_member.v1", reply=MemberView):
    """`organizations` names further ones they may act for. Refusals: email-taken 409, site-required 422."""

    organization: Id
    email: EmailAddress
    name: Annotated[PersonName, personal()]
    language: Language = "ja"
    time_zone: Zone = "Asia/Tokyo"
    roles: Annotated[frozenset[Role], Field(min_length=1)] = frozenset({"member"})
    site: SiteId | None = None
    organizations: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    reason: Why = None


class UpdateMember(Command, wire="cmd.members.update_member.v1", reply=MemberView):
    """Absent or null leaves a field as it is; `organizations` are the further ones, all of them.

    `assistants` are all of those who may book for the person and see what is booked for them: named by the person, by
    the organization's admin or by staff, and of an organization of the person's. `reason` is for the record: shown to
    staff and in the person's export, forgotten with the person. Refusals: email-taken 409, own-operator-role 409,
    not-for-programs 403.
    """

    id: Id
    organization: Id | None = None
    email: Annotated[str | None, Field(min_length=1, max_length=320), personal()] = None
    name: Annotated[PersonName | None, personal()] = None
    language: Language | None = None
    time_zone: Zone | None = None
    roles: Annotated[frozenset[Role] | None, Field(min_length=1)] = None
    site: SiteId | None = None
    organizations: Annotated[tuple[Id, ...] | None, Field(max_length=20)] = None
    active: bool | None = None
    assistants: Annotated[tuple[Id, ...] | None, Field(max_length=20)] = None
    reason: Why = None


class CreateApiKey(Command, wire="cmd.members.create_api_key.v1", reply=NewApiKeyView):
    """With `site` the key acts as that site (operator, or staff of it), without as its maker, within `scopes`.

    Refusals: unknown-scope 422, for one that is not among SCOPES; expires-in-the-past 422.
    """

    name: Annotated[Line, personal()]
    scopes: Annotated[tuple[Scope, ...], Field(max_length=50)] = ()
    site: SiteId | None = None
    expires_at: Instant | None = None
    reason: Why = None


class RevokeApiKey(Command, wire="cmd.members.revoke_api_key.v1", reply=ApiKeyView):
    """It opens nothing any more. `reason` is for the record."""

    id: Id
    reason: Why = None


class _Page(Query):
    """`after` is the `next` of the page before; anything else is refused (invalid-cursor 422)."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    after: Annotated[str | None, Field(max_length=256)] = None


class GetOrganization(Query, wire="qry.members.organization.v1", reply=OrganizationView):
    id: Id


class ListOrganizations(_Page, wire="qry.members.organizations.v1", reply=OrganizationsView):
    """Staff: all; others: those they belong to."""

    status: OrganizationStatus | None = None


class GetMember(Query, wire="qry.members.member.v1", reply=MemberView):
    id: Id


class ListMembers(_Page, wire="qry.members.members.v1", reply=MembersView):
    """Staff: all; an admin: the organization's; a member: themselves. `q` is the start of a name or address.

    Always by name, in the order of the principal's language: by kana in Japanese, by Latin letters in English.
    """

    q: Annotated[str | None, Field(max_length=64), personal()] = None
    organization: Id | None = None
    sort: Literal["name"] | None = None


class CountMembers(Query, wire="qry.members.member_count.v1", reply=MemberCountView):
    """How many ListMembers would list in all, counted no further than `most`."""

    q: Annotated[str | None, Field(max_length=64), personal()] = None
    organization: Id | None = None
    most: Annotated[int, Field(ge=1, le=100_000)]


class Me(Query, wire="qry.members.me.v1", reply=MeView):
    """The principal's own member, organizations and roles."""


class GetApiKey(Query, wire="qry.members.api_key.v1", reply=ApiKeyView):
    id: Id


class ListApiKeys(_Page, wire="qry.members.api_keys.v1", reply=ApiKeysView):
    """Those the principal made; an operator: all."""


class ResolveApiKey(Query, wire="qry.members.resolve_api_key.v1", reply=PrincipalView):
    """`hash` is the SHA-256 of the whole secret, lower-case hex. Refusal: unknown-api-key 401."""

    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Jwks(Query, wire="qry.members.jwks.v1", reply=JwksView):
    """The public keys; keep them at most KEY_SET_CACHE seconds."""


class RevokedSessions(Query, wire="qry.members.revoked_sessions.v1", reply=RevokedSessionsView):
    """Few and small: a gateway may ask every second or two, and refuse tokens whose `sid` is among them.

    In the order of their ends; `after` is the `next` of the page before.
    """

    after: Annotated[Id | None, Field(exclude_if=lambda after: after is None)] = None

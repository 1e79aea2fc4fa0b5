"""Subject → handler: each command and query of members, answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.members.domain.joining import Transition
from services.members.handlers.api_keys import ApiKeyHandlers
from services.members.handlers.identity import IdentitySignIn, ProviderHandlers
from services.members.handlers.ops import OpsHandlers
from services.members.handlers.organizations import OrganizationHandlers
from services.members.handlers.people import PeopleHandlers
from services.members.handlers.policy import PolicyHandlers
from services.members.handlers.sign_in import SignInHandlers
from services.members.handlers.tokens import Tokens
from services.members.queries.directory import Directory
from services.members.queries.identity import ProviderQueries
from services.members.queries.keys import KeyQueries
from services.members.queries.policy import PolicyQueries
from services.members.queries.records import Records
from services.members.queries.views import api_key_view, member_view, new_api_key_view, organization_view
from services.members.subscribers.doors import Doors
from shared.contracts import members as contract
from shared.contracts.message import Answer, Asked, Command
from shared.kernel.time import Clock
from shared.kit.answers import answer
from shared.kit.nats.commands import Handler
from shared.kit.service import Service


@dataclass(frozen=True, slots=True)
class Handlers:
    """Everything members does."""

    organizations: OrganizationHandlers
    people: PeopleHandlers
    api_keys: ApiKeyHandlers
    sign_in: SignInHandlers
    tokens: Tokens
    ops: OpsHandlers
    clock: Clock

    def shown(self, organization: Mapping[str, Any]) -> contract.OrganizationView:
        """As whoever changes it sees it."""
        return organization_view(organization, self.clock.now())


def subscribe_sign_in(service: Service, handle: Handlers) -> None:
    """Codes, sessions, tokens."""

    @service.command(contract.RequestSignInCode)
    async def request_sign_in_code(ask: Asked[contract.RequestSignInCode]) -> Answer:
        return answer(await handle.sign_in.request_sign_in_code(ask), status=202)

    @service.command(contract.CreateSession)
    async def create_session(ask: Asked[contract.CreateSession]) -> Answer:
        return answer(await handle.sign_in.create_session(ask), status=201)

    @service.command(contract.RefreshSession)
    async def refresh_session(ask: Asked[contract.RefreshSession]) -> Answer:
        return answer(await handle.sign_in.refresh_session(ask))

    @service.command(contract.EndSession)
    async def end_session(ask: Asked[contract.EndSession]) -> Answer:
        await handle.sign_in.end_session(ask)
        return answer(None, status=204)

    @service.command(contract.RotateSigningKeys)
    async def rotate_signing_keys(ask: Asked[contract.RotateSigningKeys]) -> Answer:
        return answer(await handle.ops.rotate_signing_keys(ask))

    @service.command(contract.IssueToken)
    async def issue_token(ask: Asked[contract.IssueToken]) -> Answer:
        return answer(await handle.ops.issue_token(ask))

    @service.command(contract.AddOperator)
    async def add_operator(ask: Asked[contract.AddOperator]) -> Answer:
        return answer(member_view((await handle.ops.add_operator(ask)).doc))


def subscribe_directory(doors: Doors, handle: Handlers) -> None:
    """Organizations, people, API keys: what changes them."""

    @doors.command(contract.CreateOrganization)
    async def create_organization(ask: Asked[contract.CreateOrganization]) -> Answer:
        stored = await handle.organizations.create_organization(ask)
        return answer(handle.shown(stored.doc), status=201, replay=stored.replay)

    @doors.command(contract.UpdateOrganization)
    async def update_organization(ask: Asked[contract.UpdateOrganization]) -> Answer:
        stored = await handle.organizations.update_organization(ask)
        return answer(handle.shown(stored.doc), replay=stored.replay)

    @doors.command(contract.CreateMember)
    async def create_member(ask: Asked[contract.CreateMember]) -> Answer:
        stored = await handle.people.create_member(ask)
        return answer(member_view(stored.doc), status=201, replay=stored.replay)

    @doors.command(contract.UpdateMember)
    async def update_member(ask: Asked[contract.UpdateMember]) -> Answer:
        stored = await handle.people.update_member(ask)
        return answer(member_view(stored.doc), replay=stored.replay)

    @doors.command(contract.CreateApiKey)
    async def create_api_key(ask: Asked[contract.CreateApiKey]) -> Answer:
        stored, secret = await handle.api_keys.create_api_key(ask)
        return answer(new_api_key_view(stored.doc, secret), status=201, replay=stored.replay)

    @doors.command(contract.RevokeApiKey)
    async def revoke_api_key(ask: Asked[contract.RevokeApiKey]) -> Answer:
        stored = await handle.api_keys.revoke_api_key(ask)
        return answer(api_key_view(stored.doc), replay=stored.replay)


_STEPS: Mapping[type[Command], Transition] = {
    contract.ApplyAnew: Transition.APPLY,
    contract.OrientOrganization: Transition.ORIENT,
    contract.InvoiceOrganization: Transition.INVOICE,
    contract.SuspendOrganization: Transition.SUSPEND,
    contract.ResumeOrganization: Transition.RESUME,
    contract.LeaveOrganization: Transition.LEAVE,
}
"""The commands that say no more than which step is made."""


def subscribe_joining(doors: Doors, handle: Handlers) -> None:
    """An organization's way, step by step."""

    def making(transition: Transition) -> Handler:
        async def make(ask: Asked[Any]) -> Answer:
            stored = await handle.organizations.step(ask, transition)
            return answer(handle.shown(stored.doc), replay=stored.replay)

        return make

    for command, transition in _STEPS.items():
        doors.command(command)(making(transition))

    @doors.command(contract.ActivateOrganization)
    async def activate_organization(ask: Asked[contract.ActivateOrganization]) -> Answer:
        stored = await handle.organizations.activate(ask)
        return answer(handle.shown(stored.doc), replay=stored.replay)

    @doors.command(contract.RenewOrganization)
    async def renew_organization(ask: Asked[contract.RenewOrganization]) -> Answer:
        stored = await handle.organizations.renew(ask)
        return answer(handle.shown(stored.doc), replay=stored.replay)


def subscribe_directory_queries(doors: Doors, directory: Directory) -> None:
    """Organizations and people, read."""

    @doors.command(contract.GetOrganization)
    async def organization(ask: Asked[contract.GetOrganization]) -> Answer:
        return answer(await directory.organization(ask))

    @doors.command(contract.ListOrganizations)
    async def list_organizations(ask: Asked[contract.ListOrganizations]) -> Answer:
        return answer(await directory.list_organizations(ask))

    @doors.command(contract.GetMember)
    async def member(ask: Asked[contract.GetMember]) -> Answer:
        return answer(await directory.member(ask))

    @doors.command(contract.ListMembers)
    async def list_members(ask: Asked[contract.ListMembers]) -> Answer:
        return answer(await directory.list_members(ask))

    @doors.command(contract.CountMembers)
    async def count_members(ask: Asked[contract.CountMembers]) -> Answer:
        return answer(await directory.count_members(ask))

    @doors.command(contract.Me)
    async def me(ask: Asked[contract.Me]) -> Answer:
        return answer(await directory.me(ask))


def subscribe_records(doors: Doors, records: Records) -> None:
    """What was done to organizations, their providers, people, keys and the table of rights."""

    @doors.command(contract.OrganizationHistory)
    async def organization_history(ask: Asked[contract.OrganizationHistory]) -> Answer:
        return answer(await records.organization_history(ask))

    @doors.command(contract.MemberHistory)
    async def member_history(ask: Asked[contract.MemberHistory]) -> Answer:
        return answer(await records.member_history(ask))

    @doors.command(contract.IdentityProviderHistory)
    async def identity_provider_history(ask: Asked[contract.IdentityProviderHistory]) -> Answer:
        return answer(await records.identity_provider_history(ask))

    @doors.command(contract.ApiKeyHistory)
    async def api_key_history(ask: Asked[contract.ApiKeyHistory]) -> Answer:
        return answer(await records.api_key_history(ask))

    @doors.command(contract.PolicyHistory)
    async def policy_history(ask: Asked[contract.PolicyHistory]) -> Answer:
        return answer(await records.policy_history(ask))


def subscribe_key_queries(doors: Doors, keys: KeyQueries, tokens: Tokens) -> None:
    """API keys, revoked sessions, the key set."""

    @doors.command(contract.GetApiKey)
    async def api_key(ask: Asked[contract.GetApiKey]) -> Answer:
        return answer(await keys.api_key(ask))

    @doors.command(contract.ListApiKeys)
    async def list_api_keys(ask: Asked[contract.ListApiKeys]) -> Answer:
        return answer(await keys.list_api_keys(ask))

    @doors.service.command(contract.ResolveApiKey)
    async def resolve_api_key(ask: Asked[contract.ResolveApiKey]) -> Answer:
        return answer(await keys.resolve_api_key(ask))

    @doors.service.command(contract.RevokedSessions)
    async def revoked_sessions(ask: Asked[contract.RevokedSessions]) -> Answer:
        return answer(await keys.revoked_sessions(ask))

    @doors.service.command(contract.Jwks)
    async def jwks(_: Asked[contract.Jwks]) -> Answer:
        return answer(await tokens.published())


def subscribe_policy(doors: Doors, handle: PolicyHandlers, ask_for: PolicyQueries) -> None:
    """The table of rights."""

    @doors.command(contract.PutPolicy)
    async def put_policy(ask: Asked[contract.PutPolicy]) -> Answer:
        view, replay = await handle.put_policy(ask)
        return answer(view, replay=replay)

    @doors.command(contract.GetPolicy)
    async def policy(ask: Asked[contract.GetPolicy]) -> Answer:
        return answer(await ask_for.policy(ask))


def subscribe_identity(
    doors: Doors, setting: ProviderHandlers, signing_in: IdentitySignIn, queries: ProviderQueries
) -> None:
    """Organizations' identity providers, and signing in by them."""

    @doors.command(contract.PutIdentityProvider)
    async def put_identity_provider(ask: Asked[contract.PutIdentityProvider]) -> Answer:
        stored = await setting.put_identity_provider(ask)
        return answer(queries.view(stored.doc), replay=stored.replay)

    @doors.command(contract.RemoveIdentityProvider)
    async def remove_identity_provider(ask: Asked[contract.RemoveIdentityProvider]) -> Answer:
        await setting.remove_identity_provider(ask)
        return answer(None, status=204)

    @doors.command(contract.GetIdentityProvider)
    async def identity_provider(ask: Asked[contract.GetIdentityProvider]) -> Answer:
        return answer(await queries.identity_provider(ask))

    @doors.service.command(contract.BeginSignIn)
    async def begin_sign_in(ask: Asked[contract.BeginSignIn]) -> Answer:
        return answer(await signing_in.begin_sign_in(ask))

    @doors.service.command(contract.FinishSignIn)
    async def finish_sign_in(ask: Asked[contract.FinishSignIn]) -> Answer:
        return answer(await signing_in.finish_sign_in(ask))

    @doors.service.command(contract.ExchangeCode)
    async def exchange_code(ask: Asked[contract.ExchangeCode]) -> Answer:
        return answer(await signing_in.exchange_code(ask), status=201)

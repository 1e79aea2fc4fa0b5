"""The only place where the objects of members meet."""

import asyncio
import secrets
from typing import Any

from prometheus_client import Gauge

from services.members.handlers.api_keys import ApiKeyHandlers
from services.members.handlers.as_they_are import AsTheyAre
from services.members.handlers.deadlines import Deadlines
from services.members.handlers.ending import Ending
from services.members.handlers.erasing import Erasing
from services.members.handlers.forgetting import Forgetting
from services.members.handlers.identity import IdentitySignIn, Kept, Place, ProviderHandlers, Starts
from services.members.handlers.opening import Opening
from services.members.handlers.ops import OpsHandlers
from services.members.handlers.organizations import OrganizationHandlers
from services.members.handlers.people import PeopleHandlers
from services.members.handlers.policy import PolicyHandlers
from services.members.handlers.sign_in import Counts, SignInHandlers
from services.members.handlers.tokens import Tokens
from services.members.openid import OpenId
from services.members.publish import (
    NotifyMail,
    member_states,
    organization_states,
    own_part_erased,
    policy_states,
)
from services.members.queries.directory import Directory
from services.members.queries.erasures import Erasures
from services.members.queries.identity import ProviderQueries
from services.members.queries.keys import KeyQueries
from services.members.queries.personal import PersonalQueries
from services.members.queries.policy import PolicyQueries
from services.members.queries.records import Records
from services.members.settings import Settings
from services.members.store import FORMS
from services.members.store.erasures import WATCH
from services.members.store.identities import Identities, IdentityProviders, Once
from services.members.store.mapping import SITE
from services.members.store.organizations import DEADLINE
from services.members.store.people import People
from services.members.store.policies import Policies
from services.members.store.rekeying import rekeyed
from services.members.store.seal import Seal
from services.members.store.secret import Secret
from services.members.store.sessions import Sessions
from services.members.store.sign_ins import Clients, SignIns
from services.members.store.signing import KeySets
from services.members.store.sites import KnownSites
from services.members.subscribers import (
    Handlers,
    subscribe_directory,
    subscribe_directory_queries,
    subscribe_identity,
    subscribe_joining,
    subscribe_key_queries,
    subscribe_policy,
    subscribe_records,
    subscribe_sign_in,
)
from services.members.subscribers.doors import Doors
from services.members.subscribers.ending import subscribe_ending
from services.members.subscribers.erasing import subscribe_erasing
from shared.contracts.booking import SiteState
from shared.kernel.time import Clock
from shared.kit import errands
from shared.kit.anchoring import anchored
from shared.kit.documents import Documents
from shared.kit.errands import Errands
from shared.kit.outbound import Outbound
from shared.kit.service import Service

_ROTATION_SECONDS = 60.0
_REKEYING_SECONDS = 60.0
_LOOK_SECONDS = 30.0
OPEN = Gauge("lounge_erasure_open_seconds", "How long the oldest erasure runs that is not complete", ())


def build(settings: Settings) -> Service:
    """One replica of members; nothing connects before it runs."""
    service = Service("members", settings, FORMS)
    clock, secret = service.clock, Secret(settings.members_secret.get_secret_value().encode())
    organizations = service.documents("organizations", states=organization_states)
    members = service.documents("members", states=member_states)
    api_keys = service.documents("api_keys")
    tokens, counts = _tokens(service, secret), _counts(service, settings)
    sessions = Sessions(service.documents("sessions").collection, service.relays["sessions"].nudge)
    people, opening = People(members.collection), Opening(sessions, tokens, chance=_token_text)
    doors, ending = Doors(service, AsTheyAre(people)), Ending(people, api_keys, sessions, clock)
    handlers = Handlers(
        organizations=OrganizationHandlers(organizations, people, clock),
        people=PeopleHandlers(members, organizations, people, ending, clock),
        api_keys=ApiKeyHandlers(api_keys, people, clock, chance=_key_text),
        sign_in=SignInHandlers(
            people=people,
            counts=counts,
            opening=opening,
            mail=NotifyMail(service.caller),
            secret=secret,
            clock=clock,
            new_code=_eight_digits,
        ),
        tokens=tokens,
        ops=OpsHandlers(members, organizations, people, tokens, clock),
        clock=clock,
    )
    subscribe_sign_in(service, handlers)
    subscribe_directory(doors, handlers)
    subscribe_joining(doors, handlers)
    subscribe_directory_queries(doors, Directory(organizations.collection, members.collection, clock))
    providers = service.documents("identity_providers")
    identities = _identity(doors, settings, opening, organizations, people, providers)
    subscribe_key_queries(doors, KeyQueries(api_keys.collection, sessions, people, clock), tokens)
    subscribe_ending(service, ending)
    _keep_time(service, Deadlines(organizations, people, clock))
    _erase(doors, Forgetting(members, api_keys, sessions, counts.sign_ins, identities, clock), secret)
    service.background("signing-keys", lambda: _rotating(tokens))
    service.background("name-keys", lambda: _rekeying(members.collection))
    policies = _keep_policy(doors, organizations, members)
    subscribe_records(doors, Records(organizations, members, policies, providers, api_keys))
    return anchored(service)


def _tokens(service: Service, secret: Secret) -> Tokens:
    key_sets = KeySets(service.collection("signing_keys"), secret)
    service.assertions.append(key_sets.readable)
    return Tokens(key_sets, service.clock)


def _keep_policy(doors: Doors, organizations: Documents, members: Documents) -> Documents:
    service = doors.service
    clock, documents = service.clock, service.documents("policies", states=policy_states)
    policies = Policies(documents)
    sites = KnownSites(service.copy(SiteState, durable="members__site").collection)
    ask_for = PolicyQueries(policies, organizations.collection, members.collection, clock)
    subscribe_policy(doors, PolicyHandlers(policies, sites, organizations.collection, ask_for, clock), ask_for)
    service.background("first-policy", lambda: _first_policy(policies, clock))
    return documents


def _counts(service: Service, settings: Settings) -> Counts:
    addresses, networks = SignIns(service.collection("sign_ins")), Clients(service.collection("sign_in_clients"))
    return Counts(addresses, networks, settings.sign_in_sends_per_client)


def _identity(
    doors: Doors,
    settings: Settings,
    opening: Opening,
    organizations: Documents,
    people: People,
    documents: Documents,
) -> Identities:
    """Signing in by the organizations' own identity providers, `documents`: all of it that goes out to the internet."""
    service = doors.service
    identities = Identities(service.documents("identities"))
    secret = Secret(settings.members_secret.get_secret_value().encode())
    seal, place = Seal(secret, "identity-providers"), _place(settings)
    outbound = Outbound(allow=settings.outbound_allow, ca_file=settings.outbound_ca_file)
    service.after_stop(outbound.close)
    providers, openid = IdentityProviders(documents), OpenId(outbound)
    setting = ProviderHandlers(providers, organizations, openid, seal, service.clock)
    signing_in = IdentitySignIn(
        providers=providers,
        identities=identities,
        people=people,
        kept=Kept(Once(service.collection("begun_sign_ins")), Once(service.collection("sign_in_tickets"))),
        starts=Starts(Clients(service.collection("sign_in_clients")), settings.sign_in_starts_per_client),
        opening=opening,
        openid=openid,
        seal=seal,
        secret=secret,
        place=place,
        clock=service.clock,
        chance=_token_text,
    )
    subscribe_identity(doors, setting, signing_in, ProviderQueries(providers, place.redirect_uri))
    return identities


def _place(settings: Settings) -> Place:
    own = {settings.public_url} if settings.public_url else set()
    return Place(settings.public_url, frozenset({*own, *settings.return_origins}))


def _keep_time(service: Service, deadlines: Deadlines) -> None:
    service.ticker("organizations", {DEADLINE: deadlines.membership})
    service.background("unarmed-organizations", deadlines.arm)


def _erase(doors: Doors, forgetting: Forgetting, secret: Secret) -> None:
    service = doors.service
    clock, erasures = service.clock, service.documents("erasures")
    members, sessions = forgetting.members, forgetting.sessions
    own = Errands(service.documents("errands"), clock, site=SITE, work=forgetting.work, said=own_part_erased)
    erasing = Erasing(members, erasures, own, sessions, secret, clock)
    views = Erasures(erasures.collection, secret, clock)
    personal = PersonalQueries(members, forgetting.api_keys.collection, sessions, forgetting.identities)
    subscribe_erasing(service, doors, erasing, views, personal)
    service.ticker("errands", {errands.DUE: own.turn})
    service.ticker("erasures", {WATCH: erasing.watch})
    service.background("erasures-open", lambda: _looking(views))
    service.background("departed-outlived", erasing.outlived)


async def _looking(views: Erasures) -> None:
    while True:
        OPEN.set((await views.longest_open()).total_seconds())
        await asyncio.sleep(_LOOK_SECONDS)


async def _rotating(tokens: Tokens) -> None:
    """Every replica looks; the one write lets one of them rotate."""
    while True:
        await tokens.rotate_if_due()
        await asyncio.sleep(_ROTATION_SECONDS)


async def _rekeying(members: Any) -> None:
    """While replicas of the version before are still running, they may store older keys again."""
    while True:
        while await rekeyed(members):
            pass
        await asyncio.sleep(_REKEYING_SECONDS)


async def _first_policy(policies: Policies, clock: Clock) -> None:
    """A new system has a table of rights before anybody asks for it; in an old one this finds it there."""
    await policies.stored(at=clock.now())
    await asyncio.Event().wait()


def _eight_digits() -> str:
    return f"{secrets.randbelow(10**8):08d}"


def _key_text() -> str:
    return secrets.token_urlsafe(48)


def _token_text() -> str:
    return secrets.token_hex(32)

"""API keys and whom they let in; sessions that let nobody in any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.members.domain.api_key import UnknownApiKey
from services.members.handlers.asking import actor_of, api_keys_seen_by
from services.members.queries.pages import one, page
from services.members.queries.views import api_key_view
from services.members.store.mapping import api_key_from
from services.members.store.people import People
from services.members.store.sessions import Sessions
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.kernel.time import Clock

_USED_EVERY = timedelta(minutes=1)
_STILL_VALID = timedelta(seconds=contract.TOKEN_LIFETIME + 60)


@dataclass(frozen=True, slots=True)
class KeyQueries:
    """`api_keys` is the collection."""

    api_keys: Any
    sessions: Sessions
    people: People
    clock: Clock

    async def api_key(self, ask: Asked[contract.GetApiKey]) -> contract.ApiKeyView:
        return api_key_view(await one(self.api_keys, ask.data.id, api_keys_seen_by(actor_of(ask.principal))))

    async def list_api_keys(self, ask: Asked[contract.ListApiKeys]) -> contract.ApiKeysView:
        where = api_keys_seen_by(actor_of(ask.principal))
        if ask.data.after is not None:
            where["_id"] = {"$gt": ask.data.after}
        docs, following = await page(self.api_keys.find(where).sort("_id", 1), ask.data.limit)
        return contract.ApiKeysView(items=tuple(map(api_key_view, docs)), next=following)

    async def resolve_api_key(self, ask: Asked[contract.ResolveApiKey]) -> contract.PrincipalView:
        """Raises UnknownApiKey, for whatever reason the key lets nobody in."""
        at = self.clock.now()
        doc = await self.api_keys.find_one({"digest": ask.data.hash})
        if doc is None or not api_key_from(doc).is_valid(at):
            raise UnknownApiKey
        view = await self._principal_of(doc)
        unused = {"$or": [{"last_used_at": None}, {"last_used_at": {"$lt": at - _USED_EVERY}}]}
        await self.api_keys.update_one({"_id": doc["_id"], **unused}, {"$set": {"last_used_at": at}})
        return view

    async def _principal_of(self, doc: Mapping[str, Any]) -> contract.PrincipalView:
        key = api_key_from(doc)
        scopes = frozenset(key.scopes)
        if key.site is not None:
            return contract.PrincipalView(
                key=key.id, kind="site", id=key.site, site=key.site, scopes=scopes, expires_at=key.expires_at
            )
        owner = await self.people.active(key.owner)
        organization = key.organization or (owner and owner.organization)
        if owner is None or organization not in owner.organizations or owner.keys_era != key.era:
            raise UnknownApiKey
        return contract.PrincipalView(
            key=key.id,
            kind="program",
            id=owner.id,
            organization=organization,
            organizations=owner.organizations,
            roles=frozenset(role.value for role in owner.roles),
            site=owner.site,
            scopes=scopes,
            language=owner.language,
            expires_at=key.expires_at,
        )

    async def revoked_sessions(self, ask: Asked[contract.RevokedSessions]) -> contract.RevokedSessionsView:
        """Those whose access tokens may still be unexpired."""
        revoked, following = await self.sessions.revoked_since(self.clock.now() - _STILL_VALID, ask.data.after)
        return contract.RevokedSessionsView(sessions=tuple(revoked), next=following)

"""API keys: made by a member for their programs, by staff for their site; the secret leaves once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.members.domain.api_key import ApiKey, Secret
from services.members.domain.rights import check_create_key
from services.members.handlers.asking import actor_of, api_keys_seen_by, created_id
from services.members.store.mapping import SITE, api_key_draft, api_key_from
from services.members.store.people import People
from shared.contracts import members as contract
from shared.contracts.message import Asked, Principal
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Documents, Draft, Stored, unless_made_before


@dataclass(frozen=True, slots=True)
class ApiKeyHandlers:
    """`chance` gives at least 51 URL-safe characters nobody can guess."""

    api_keys: Documents
    people: People
    clock: Clock
    chance: Callable[[], str]

    async def create_api_key(self, ask: Asked[contract.CreateApiKey]) -> tuple[Stored, str | None]:
        """The key and its secret, which is None in a replay. Raises Forbidden, UnknownScope, ExpiresInThePast."""
        cause, key_id, at, secret = Cause.of(ask), created_id(ask), self.clock.now(), Secret.of(self.chance())

        async def make() -> Stored:
            check_create_key(actor_of(ask.principal), ask.data.site)
            era = await self._era_of(ask.principal)
            made = _wished(key_id, ask.data, ask.principal, secret, era).create(at, known=contract.SCOPES)
            return await self.api_keys.insert(key_id, SITE, api_key_draft(made, 1), cause, at=at)

        stored = await unless_made_before(self.api_keys, key_id, cause, make)
        return stored, None if stored.replay else secret.text

    async def _era_of(self, by: Principal) -> int:
        owner = await self.people.active(by.id)
        return owner.keys_era if owner else 0

    async def revoke_api_key(self, ask: Asked[contract.RevokeApiKey]) -> Stored:
        """Its maker, or an operator. Raises NotFound, and what the one write raises."""
        at = self.clock.now()

        def decide(doc: dict[str, Any]) -> Draft:
            return api_key_draft(api_key_from(doc).revoke(at), doc["version"] + 1, doc)

        where = api_keys_seen_by(actor_of(ask.principal))
        return await self.api_keys.change(ask.data.id, decide, Cause.of(ask), at=at, if_match=ask.if_match, where=where)


def _wished(key_id: str, wish: contract.CreateApiKey, by: Principal, secret: Secret, era: int) -> ApiKey:
    return ApiKey(
        id=key_id,
        name=wish.name,
        prefix=secret.prefix,
        digest=secret.digest,
        owner=by.id,
        scopes=tuple(dict.fromkeys(wish.scopes)),
        organization=None if wish.site else by.organization,
        site=wish.site,
        expires_at=wish.expires_at,
        era=era,
    )

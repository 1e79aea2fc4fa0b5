"""Access tokens: what they say, and the keys that sign them."""

from dataclasses import dataclass
from datetime import datetime

from services.members.domain.key_set import KeySet
from services.members.domain.member import Member
from services.members.store.signing import KeySets
from shared.contracts import members as contract
from shared.kernel.ids import new_id
from shared.kernel.time import Clock


@dataclass(frozen=True, slots=True)
class Tokens:
    key_sets: KeySets
    clock: Clock

    async def access_token(self, member: Member, session: str, organization: str | None = None) -> str:
        """A JWT of TOKEN_LIFETIME seconds: `sub` the member, `org` the one acted for, `sid` the session.

        `organization` is one of the member's; without it they act for their home organization.
        """
        at = self.clock.now()
        issued = int(at.timestamp())
        fields = {
            "iss": contract.TOKEN_ISSUER,
            "aud": contract.TOKEN_AUDIENCE,
            "sub": member.id,
            "iat": issued,
            "nbf": issued,
            "exp": issued + contract.TOKEN_LIFETIME,
            "jti": new_id(at),
            "sid": session,
            "org": organization or member.organization,
            "orgs": list(member.organizations),
            "roles": sorted(role.value for role in member.roles),
            "site": member.site,
            "lang": member.language,
        }
        return await self.key_sets.sign(fields, at)

    async def published(self) -> contract.JwksView:
        """The keys to verify with, now and next."""
        at = self.clock.now()
        return _jwks(await self.key_sets.get(at), at)

    async def rotate(self) -> contract.JwksView:
        """Publishes a new key now, which signs once every verifier can know it."""
        at = self.clock.now()
        return _jwks(await self.key_sets.rotate(at), at)

    async def rotate_if_due(self) -> None:
        """To be run now and then by every replica; one of them does it."""
        await self.key_sets.rotate(self.clock.now(), if_due=True)


def _jwks(keys: KeySet, at: datetime) -> contract.JwksView:
    return contract.JwksView(keys=tuple(contract.KeyView(kid=k.kid, x=k.public) for k in keys.shown(at)))

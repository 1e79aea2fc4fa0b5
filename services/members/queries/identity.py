"""Organizations' identity providers, as told to those who set them; the secret never is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.members.domain.rights import check_tends_organizations
from services.members.handlers.asking import actor_of
from services.members.store.identities import IdentityProviders
from shared.contracts import members as contract
from shared.contracts.message import Asked


@dataclass(frozen=True, slots=True)
class ProviderQueries:
    """`redirect_uri` is ours, None where the installation has no public address."""

    providers: IdentityProviders
    redirect_uri: str | None

    async def identity_provider(self, ask: Asked[contract.GetIdentityProvider]) -> contract.IdentityProviderView:
        """Raises Forbidden, NotFound."""
        check_tends_organizations(actor_of(ask.principal))
        return self.view(await self.providers.document(ask.data.id))

    def view(self, doc: Mapping[str, Any]) -> contract.IdentityProviderView:
        return contract.IdentityProviderView(
            organization=doc["_id"],
            issuer=doc["issuer"],
            client_id=doc["client_id"],
            has_secret=doc["sealed"] is not None,
            domains=tuple(doc["domains"]),
            redirect_uri=self.redirect_uri,
            version=doc["version"],
        )

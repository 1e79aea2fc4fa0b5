"""OpenID Connect, as a client of the providers that organizations name."""

from services.members.openid.client import Client, OpenId, ProviderAway, Returned, Secrets

__all__ = ["Client", "OpenId", "ProviderAway", "Returned", "Secrets"]

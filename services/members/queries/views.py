"""Documents as answered."""

from collections.abc import Mapping
from typing import Any

from shared.contracts import members as contract
from shared.kernel.time import shown, zone_of

_ZONE = "UTC"
_INSTANTS = ("created_at", "expires_at", "last_used_at", "revoked_at")


def organization_view(doc: Mapping[str, Any]) -> contract.OrganizationView:
    fields = {f: doc[f] for f in ("name", "kind", "status", "membership", "home_zone", "version")}
    created_at = shown(doc["created_at"], zone_of(doc["home_zone"]))
    return contract.OrganizationView(id=doc["_id"], created_at=created_at, **fields)


def member_view(doc: Mapping[str, Any]) -> contract.MemberView:
    """`created_at` with the offset of the member's own zone."""
    fields = {f: doc[f] for f in ("email", "name", "language", "time_zone", "active", "version")}
    return contract.MemberView(
        id=doc["_id"],
        organization=doc["organizations"][0],
        organizations=tuple(doc["organizations"]),
        roles=tuple(doc["roles"]),
        site=doc["site_of_staff"],
        created_at=shown(doc["created_at"], zone_of(doc["time_zone"])),
        **fields,
    )


def api_key_view(doc: Mapping[str, Any]) -> contract.ApiKeyView:
    return contract.ApiKeyView(**_api_key_fields(doc))


def new_api_key_view(doc: Mapping[str, Any], secret: str | None) -> contract.NewApiKeyView:
    return contract.NewApiKeyView(**_api_key_fields(doc), secret=secret)


def _api_key_fields(doc: Mapping[str, Any]) -> dict[str, Any]:
    fields = {f: doc[f] for f in ("name", "prefix", "organization", "version")}
    instants = {
        f: doc[f] and shown(doc[f], zone_of(_ZONE)) for f in ("created_at", "expires_at", "last_used_at", "revoked_at")
    }
    return {
        "id": doc["_id"],
        "scopes": tuple(doc["scopes"]),
        "site": doc["for_site"],
        "created_by": doc["owner"],
        **fields,
        **instants,
    }

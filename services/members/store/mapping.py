"""What is stored how: domain value ↔ document fields. Reading back never re-judges."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.members.domain.address import Address
from services.members.domain.api_key import ApiKey, ApiKeyEvent
from services.members.domain.member import ErasedMember, Member, MemberEvent, Role
from services.members.publish import contract_of
from services.members.store.keys import name_keys
from shared.kernel.decision import Decision
from shared.kernel.names import Name
from shared.kernel.refusal import NotFound
from shared.kit.documents import Draft

SITE = "members"
"""Claims are unique per site, and a person has one address wherever they go: all documents here share this one."""


def member_draft(decision: Decision[Member, MemberEvent], version: int) -> Draft:
    """The next body, claims and events of a person who has `version` afterwards."""
    member = decision.state
    name = {f: getattr(member.name, f) for f in ("family", "given", "family_kana", "given_kana", "latin")}
    body = {
        "organizations": list(member.organizations),
        "email": member.address.text,
        "name": name,
        "language": member.language,
        "time_zone": member.time_zone,
        "roles": sorted(role.value for role in member.roles),
        "site_of_staff": member.site,
        "active": member.active,
        "assistants": list(member.assistants),
        **_eras(era=member.era, keys_era=member.keys_era),
        **name_keys(member.name, member.address.text),
    }
    return Draft(body, [contract_of(event, version) for event in decision.events], member.claims)


def _eras(**eras: int) -> dict[str, int]:
    """The first one is not written: documents from before there were eras stay as they are."""
    return {name: era for name, era in eras.items() if era}


def erased_draft(decision: Decision[ErasedMember, MemberEvent], version: int, at: datetime) -> Draft:
    """The stub that stays."""
    body = {"erased_at": at, "organizations": [], "roles": [], "active": False}
    return Draft(body, [contract_of(event, version) for event in decision.events])


def member_from(doc: Mapping[str, Any]) -> Member:
    """Raises NotFound for one who was erased: to everybody, they are not there."""
    if "erased_at" in doc:
        raise NotFound
    return Member(
        id=doc["_id"],
        organizations=tuple(doc["organizations"]),
        address=Address(doc["email"]),
        name=Name(**doc["name"]),
        language=doc["language"],
        time_zone=doc["time_zone"],
        roles=frozenset(map(Role, doc["roles"])),
        site=doc["site_of_staff"],
        active=doc["active"],
        assistants=tuple(doc.get("assistants", ())),
        era=doc.get("era", 0),
        keys_era=doc.get("keys_era", 0),
    )


def api_key_draft(
    decision: Decision[ApiKey, ApiKeyEvent], version: int, before: Mapping[str, Any] | None = None
) -> Draft:
    """The next body and events of a key; when it was last used is kept from `before`."""
    key = decision.state
    body = {
        "name": key.name,
        "prefix": key.prefix,
        "digest": key.digest or f"erased|{key.id}",
        "owner": key.owner,
        "scopes": list(key.scopes),
        "organization": key.organization,
        "for_site": key.site,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        **_eras(era=key.era),
        "last_used_at": (before or {}).get("last_used_at"),
    }
    return Draft(body, [contract_of(event, version) for event in decision.events])


def api_key_from(doc: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=doc["_id"],
        name=doc["name"],
        prefix=doc["prefix"],
        digest="" if doc["digest"] == f"erased|{doc['_id']}" else doc["digest"],
        owner=doc["owner"],
        scopes=tuple(doc["scopes"]),
        organization=doc["organization"],
        site=doc["for_site"],
        expires_at=doc["expires_at"],
        revoked_at=doc["revoked_at"],
        era=doc.get("era", 0),
    )

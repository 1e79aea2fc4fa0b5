"""What is stored how: domain value ↔ document fields. Reading back never re-judges."""

from collections.abc import Mapping
from typing import Any

from services.members.domain.address import Address
from services.members.domain.api_key import ApiKey, ApiKeyEvent
from services.members.domain.member import Member, MemberEvent, Name, Role
from services.members.publish import contract_of
from shared.kernel.decision import Decision
from shared.kernel.text import search_key
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
        "name_key": _name_key(member.name),
        "search_keys": _search_keys(member),
    }
    return Draft(body, [contract_of(event, version) for event in decision.events], member.claims)


def member_from(doc: Mapping[str, Any]) -> Member:
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
    )


def _name_key(name: Name) -> str:
    """By kana where known: the order of a Japanese list."""
    return search_key((name.family_kana or name.family) + (name.given_kana or name.given))


def _search_keys(member: Member) -> list[str]:
    """Each form a person may be looked up by, from its beginning."""
    name = member.name
    forms = [name.family + name.given, name.given + name.family, member.address.text]
    forms += [(name.family_kana or "") + (name.given_kana or ""), name.given_kana or ""]
    latin = name.latin or ""
    forms += [latin, *latin.split()]
    return sorted({key for form in forms if (key := search_key(form))})


def api_key_draft(
    decision: Decision[ApiKey, ApiKeyEvent], version: int, before: Mapping[str, Any] | None = None
) -> Draft:
    """The next body and events of a key; when it was last used is kept from `before`."""
    key = decision.state
    body = {
        "name": key.name,
        "prefix": key.prefix,
        "digest": key.digest,
        "owner": key.owner,
        "scopes": list(key.scopes),
        "organization": key.organization,
        "for_site": key.site,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": (before or {}).get("last_used_at"),
    }
    return Draft(body, [contract_of(event, version) for event in decision.events])


def api_key_from(doc: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=doc["_id"],
        name=doc["name"],
        prefix=doc["prefix"],
        digest=doc["digest"],
        owner=doc["owner"],
        scopes=tuple(doc["scopes"]),
        organization=doc["organization"],
        site=doc["for_site"],
        expires_at=doc["expires_at"],
        revoked_at=doc["revoked_at"],
    )

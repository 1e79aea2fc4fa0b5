"""Identity providers and the people they vouch for: documents; what is begun with them: plain, used once, forgotten."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.members.domain.identity_provider import IdentityProvider, ProviderEvent, Setter, SignInRefused
from services.members.domain.identity_sign_in import (
    Begun,
    Handover,
    Identity,
    IdentityLinked,
    IdentityUnlinked,
    Ticket,
)
from services.members.publish import identity_said
from services.members.store.mapping import SITE
from shared.kernel.decision import Decision
from shared.kernel.refusal import NotFound, VersionStale
from shared.kit.documents import Cause, ClaimTaken, Documents, Draft, Stored

Decide = Callable[[IdentityProvider | None], Decision[IdentityProvider, ProviderEvent]]


class IdentityProviders:
    """The collection `identity_providers`; `_id` is the organization's."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def document(self, organization: str) -> dict[str, Any]:
        """As stored. Raises NotFound where there is none, or none any more."""
        doc = await self._documents.get(organization, {"site": SITE, "active": True})
        if doc is None:
            raise NotFound
        return doc

    async def get(self, organization: str) -> IdentityProvider:
        """Raises NotFound."""
        return _provider(await self.document(organization))

    async def put(
        self, organization: str, decide: Decide, cause: Cause, *, at: datetime, if_match: int | None
    ) -> Stored:
        """Changes it, or makes it; saying the same again changes nothing, so it needs no key. Raises VersionStale."""
        cause = replace(cause, key=None, fingerprint=None)
        try:
            return await self.change(organization, decide, cause, at=at, if_match=if_match)
        except NotFound:
            if if_match is not None:
                raise VersionStale from None
        made = await self._documents.insert(organization, SITE, _draft(decide(None), 1), cause, at=at)
        return await self.change(organization, decide, cause, at=at, if_match=None) if made.replay else made

    async def change(
        self, organization: str, decide: Decide, cause: Cause, *, at: datetime, if_match: int | None
    ) -> Stored:
        """One write, or none where nothing changes. Raises NotFound, VersionStale."""

        def draft(doc: dict[str, Any]) -> Draft | None:
            decided = decide(_provider(doc))
            return _draft(decided, doc["version"] + 1) if decided.events else None

        where = {"site": SITE}
        return await self._documents.change(organization, draft, cause, at=at, if_match=if_match, where=where)


class Identities:
    """The collection `identities`: a subject's hash and a member, nothing a person could be known by."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def get(self, identity: str) -> Identity | None:
        doc = await self._documents.get(identity, {"site": SITE})
        return Identity(doc["_id"], doc["issuer"], doc["member"]) if doc and doc["member"] is not None else None

    async def link(self, identity: Identity, cause: Cause, *, at: datetime) -> None:
        """Of two at once for one subject the first stays. Raises SignInRefused where the member is another subject."""

        def linked(version: int) -> Draft:
            events = [identity_said(IdentityLinked(identity.id, identity.member), version)]
            return Draft({"issuer": identity.issuer, "member": identity.member}, events, identity.claims)

        def again(doc: dict[str, Any]) -> Draft | None:
            return linked(doc["version"] + 1) if doc["member"] is None else None

        try:
            if await self._documents.get(identity.id) is None:
                stored = await self._documents.insert(identity.id, SITE, linked(1), cause, at=at)
            else:  # of somebody who was erased, and has come back as somebody new
                stored = await self._documents.change(identity.id, again, cause, at=at)
        except ClaimTaken:
            raise SignInRefused("member-is-another-subject") from None
        if stored.doc["member"] != identity.member:
            raise SignInRefused("subject-is-another-member")

    async def of(self, member: str) -> list[dict[str, Any]]:
        """The documents of those who vouch for a member, by id."""
        found: list[dict[str, Any]] = await self._documents.collection.find({"site": SITE, "member": member}).to_list()
        return sorted(found, key=lambda doc: str(doc["_id"]))

    async def forget(self, member: str, cause: Cause, *, at: datetime) -> int:
        """Nobody vouches for the member any more; the subject may become somebody new. How many there were."""

        def unlinked(doc: dict[str, Any]) -> Draft | None:
            if doc["member"] != member:
                return None
            event = identity_said(IdentityUnlinked(doc["_id"]), doc["version"] + 1)
            return Draft({"issuer": doc["issuer"], "member": None}, [event])

        found = await self.of(member)
        for doc in found:
            await self._documents.change(doc["_id"], unlinked, cause, at=at)
        return len(found)


class Once:
    """Plain documents by the hash of a secret, each taken at most once, forgotten by the server's own clock."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def put(self, key: str, fields: Mapping[str, Any]) -> None:
        update = {"$setOnInsert": dict(fields), "$currentDate": {"touched": True}}
        await self._collection.update_one({"_id": key}, update, upsert=True)

    async def take(self, key: str) -> dict[str, Any] | None:
        """The fields, for the first who asks."""
        doc: dict[str, Any] | None = await self._collection.find_one_and_update(
            {"_id": key, "taken": {"$exists": False}}, {"$set": {"taken": True}}
        )
        return doc


def begun_body(begun: Begun) -> dict[str, Any]:
    body = {f: getattr(begun, f) for f in ("organization", "issuer", "browser", "expires_at")}
    to = begun.handover
    return body | {"handover": to and {"return_to": to.return_to, "challenge": to.challenge}}


def begun_from(doc: Mapping[str, Any]) -> Begun:
    fields = {f: doc[f] for f in ("organization", "issuer", "browser", "expires_at")}
    return Begun(**fields, handover=doc["handover"] and Handover(**doc["handover"]))


def ticket_body(ticket: Ticket) -> dict[str, Any]:
    return {f: getattr(ticket, f) for f in ("member", "challenge", "expires_at")}


def ticket_from(doc: Mapping[str, Any]) -> Ticket:
    return Ticket(doc["member"], doc["challenge"], doc["expires_at"])


def _draft(decision: Decision[IdentityProvider, ProviderEvent], version: int) -> Draft:
    provider = decision.state
    by = provider.set_by
    body = {
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "sealed": provider.sealed,
        "domains": list(provider.domains),
        "set_by": {"id": by.id, "roles": sorted(by.roles), "site": by.site},
        "active": provider.active,
    }
    return Draft(body, [identity_said(event, version) for event in decision.events])


def _provider(doc: Mapping[str, Any]) -> IdentityProvider:
    by = doc["set_by"]
    return IdentityProvider(
        organization=doc["_id"],
        issuer=doc["issuer"],
        client_id=doc["client_id"],
        sealed=doc["sealed"],
        domains=tuple(doc["domains"]),
        set_by=Setter(by["id"], frozenset(by["roles"]), by["site"]),
        active=doc["active"],
    )

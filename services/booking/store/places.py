"""Sites and their resources: documents of their own, seldom changed, read with every booking."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.booking.domain.events import ResourceDefined, SiteDefined
from services.booking.domain.resource import Resource
from services.booking.domain.site import Site
from services.booking.publish import published
from services.booking.store.mapping import Doc, resource_body, resource_of, site_body, site_of
from services.booking.store.remembered import Remembered
from services.booking.store.rights import FRESH_SECONDS
from shared.contracts.booking import SiteState
from shared.contracts.message import BilingualView, State
from shared.kernel.decision import Decision
from shared.kernel.refusal import NotFound, VersionStale
from shared.kit.documents import Cause, Documents, Draft, Stored


class Sites:
    """The collection `sites`; `_id` is the site's own id."""

    def __init__(self, documents: Documents, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._documents = documents
        self._known = Remembered(self._read, elapsed=elapsed, fresh_seconds=FRESH_SECONDS)

    async def get(self, site: str) -> Site:
        """At most half a second old: its exceptions say whether it is open. Raises NotFound."""
        return await self._known.get(site)

    async def renew(self, site: str) -> None:
        """From now on as it is now, in this replica. Raises NotFound."""
        await self._known.renew(site)

    async def document(self, site: str) -> dict[str, Any]:
        """As stored now. Raises NotFound."""
        doc = await self._documents.get(site)
        if doc is None:
            raise NotFound
        return doc

    async def recall(self, site: str, at: datetime) -> Site:
        """As it stood then. Raises NotFound, NotRecorded."""
        stood = await self._documents.recall(await self.document(site), at)
        if stood is None:
            raise NotFound
        return site_of(stood)

    async def listed(self) -> list[dict[str, Any]]:
        """All, by id."""
        found: list[dict[str, Any]] = await self._documents.collection.find({}, {"log": 0}).sort("_id", 1).to_list(None)
        return found

    async def ids(self) -> list[str]:
        """Of all."""
        return [doc["_id"] for doc in await self.listed()]

    async def define(self, wanted: Site, cause: Cause, *, at: datetime, if_match: int | None = None) -> Stored:
        """Makes it, or changes it into what is wanted. Raises VersionStale."""

        def draft(doc: Doc | None) -> Draft | None:
            decided = wanted.over(site_of(doc) if doc else None)
            return _draft(site_body(decided.state), decided.events, decided.state.version)

        stored = await _put(self._documents, (wanted.id, wanted.id), draft, cause, at, if_match)
        self._known.forget(wanted.id)
        return stored

    async def change(
        self,
        site: str,
        decide: Callable[[Site], Decision[Site, SiteDefined]],
        cause: Cause,
        *,
        at: datetime,
        if_match: int | None = None,
    ) -> Stored:
        """Decided again where somebody was faster. Raises NotFound, VersionStale, and what `decide` raises."""

        def draft(doc: Doc) -> Draft | None:
            decided = decide(site_of(doc))
            return _draft(site_body(decided.state), decided.events, decided.state.version)

        unkeyed = replace(cause, key=None, fingerprint=None)
        stored = await self._documents.change(site, draft, unkeyed, at=at, if_match=if_match)
        self._known.forget(site)
        return stored

    async def _read(self, site: str) -> Site:
        found = await self._documents.collection.find_one({"_id": site}, {"log": 0})
        if found is None:
            raise NotFound
        return site_of(found)


class Resources:
    """The collection `resources`; `_id` is `<site>_<resource>`, and no site's id holds an underscore."""

    def __init__(self, documents: Documents, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._documents = documents
        self._known = Remembered(self._read, elapsed=elapsed)

    async def of(self, site: str) -> Mapping[str, Resource]:
        """Those of a site by id, in the order they were first put; at most two seconds old."""
        return await self._known.get(site)

    async def renew(self, site: str) -> None:
        """From now on as they are now, in this replica."""
        await self._known.renew(site)

    async def get(self, site: str, resource: str) -> Resource:
        """Raises NotFound, once looked up beyond what is remembered: another replica may just have made it."""
        if found := (await self.of(site)).get(resource):
            return found
        doc = await self._documents.get(f"{site}_{resource}")
        if doc is None:
            raise NotFound
        return resource_of(doc)

    async def recall(self, site: str, at: datetime) -> Mapping[str, Resource]:
        """Those there were then, as they stood, as `of` gives them. Raises NotRecorded."""
        found = await self._documents.collection.find({"site": site}).sort("created_at", 1).to_list(None)
        stood = [await self._documents.recall(self._documents.newest(doc), at) for doc in found]
        return {doc["resource"]: resource_of({"opening_hours": None, **doc}) for doc in stood if doc is not None}

    async def listed(self, site: str) -> list[dict[str, Any]]:
        """All of a site as stored now, in the order they were first put."""
        cursor = self._documents.collection.find({"site": site}, {"log": 0}).sort("created_at", 1)
        found: list[dict[str, Any]] = await cursor.to_list(None)
        return found

    async def define(self, wanted: Resource, cause: Cause, *, at: datetime, if_match: int | None = None) -> Stored:
        """Makes it, or changes it into what is wanted. Raises VersionStale, and what Resource.over raises."""
        known = await self._read(wanted.site)

        def draft(doc: Doc | None) -> Draft | None:
            decided = wanted.over(resource_of(doc) if doc else None, known=known)
            return _draft(resource_body(decided.state), decided.events, decided.state.version)

        stored = await _put(self._documents, (f"{wanted.site}_{wanted.id}", wanted.site), draft, cause, at, if_match)
        self._known.forget(wanted.site)
        return stored

    async def _read(self, site: str) -> Mapping[str, Resource]:
        return {doc["resource"]: resource_of(doc) for doc in await self.listed(site)}


def site_states(doc: Doc) -> Sequence[State]:
    """A site's document as others' copies hold it."""
    return [
        SiteState(
            id=doc["_id"],
            sequence=doc["version"],
            name=BilingualView(**doc["name"]),
            time_zone=doc["time_zone"],
            producer=doc["producer"],
        )
    ]


def _draft(body: Mapping[str, Any], events: Sequence[SiteDefined | ResourceDefined], version: int) -> Draft | None:
    if not events:
        return None
    return Draft(body, [published(event, version=version) for event in events], words=(), sets=("exceptions",))


async def _put(
    documents: Documents,
    place: tuple[str, str],
    draft: Callable[[Doc | None], Draft | None],
    cause: Cause,
    at: datetime,
    if_match: int | None,
) -> Stored:
    """Change the document `place` (id, site), or make it; a definition repeats itself, so it needs no key."""
    doc_id, site = place
    unkeyed = replace(cause, key=None, fingerprint=None)
    try:
        return await documents.change(doc_id, draft, unkeyed, at=at, if_match=if_match)
    except NotFound:
        if if_match is not None:
            raise VersionStale from None
        first = draft(None)
    assert first is not None, "what is new always has an event"
    made = await documents.insert(doc_id, site, first, unkeyed, at=at)
    return await documents.change(doc_id, draft, unkeyed, at=at) if made.replay else made

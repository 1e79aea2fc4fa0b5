"""Reads: document → contract view, past the rules."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.events.domain.seminar import MODES, Mode, Seminar
from services.events.domain.when import Known, When, worded
from services.events.handlers.rights import may_attend, may_tend
from services.events.publish import text
from services.events.store.registrations import Registrations, plan_id, registration_of
from services.events.store.seminars import Seminars, seminar_of
from services.events.store.site_messages import Quarantine
from shared.contracts import events as contract
from shared.contracts.booking import SiteState
from shared.contracts.events import GetRegistration, GetSeminar, ListQuarantine, ListSeminars, PersonalDataInEvents
from shared.contracts.message import Answer, Asked
from shared.contracts.privacy import PersonalDataView, SectionView, section
from shared.kernel.refusal import NotFound
from shared.kernel.time import shown, zone_of
from shared.kit.answers import answer
from shared.kit.copies import Copy

_PERSONAL = 200
_STAFF = frozenset({"site_staff", "operator"})
BOTH_SIDES = ("America/New_York", "Asia/Tokyo")
"""Where those who meet at a seminar are, whatever zone its site is in."""


async def zone_name(sites: Copy[SiteState], site: str, otherwise: str) -> str:
    """The site's own zone; `otherwise` until its state has arrived."""
    known = await sites.get(site)
    return known.time_zone if known is not None else otherwise


class SeminarQueries:
    def __init__(self, collection: Any, registrations: Registrations, sites: Copy[SiteState]) -> None:
        self._collection = collection
        self._registrations = registrations
        self._sites = sites

    async def get(self, ask: Asked[GetSeminar]) -> Answer:
        doc = await self._collection.find_one({"_id": ask.data.id, "public": True}, {"log": 0})
        if doc is None:
            raise NotFound(seminar=ask.data.id)
        return answer((await self._views([doc], ask.data.zones))[0])

    async def page(self, ask: Asked[ListSeminars]) -> Answer:
        """Newest first."""
        where: dict[str, Any] = {"public": True}
        if ask.data.site is not None:
            where["site"] = ask.data.site
        if ask.data.after is not None:
            where["listed"] = {"$lt": ask.data.after}
        limit = ask.data.limit
        docs = await self._collection.find(where, {"log": 0}).sort("listed", -1).limit(limit + 1).to_list(limit + 1)
        views = await self._views(docs[:limit], ask.data.zones)
        return answer(contract.SeminarList(items=tuple(views), next=_next(docs, limit)))

    async def _views(self, docs: Sequence[Mapping[str, Any]], zones: Sequence[str]) -> list[contract.SeminarView]:
        plans = {(doc["_id"], mode): plan_id(doc["_id"], mode) for doc in docs for mode in MODES}
        over = await self._registrations.over_capacity(list(plans.values())) if docs else set()
        views = []
        for doc in docs:
            seminar = seminar_of(doc)
            full: list[Mode] = [mode for mode in MODES if plans[seminar.id, mode] in over]
            assert seminar.content is not None
            zone = await zone_name(self._sites, seminar.site, seminar.content.when.zone)
            views.append(seminar_view(seminar, doc["version"], zone=zone, zones=zones, over=full))
        return views


def seminar_view(
    seminar: Seminar, version: int, *, zone: str, zones: Sequence[str], over: Sequence[Mode] = ()
) -> contract.SeminarView:
    """`zone` is the site's; `shown` in it, in Tokyo, and in `zones`."""
    content = seminar.content
    assert content is not None
    details = {k: v for k, v in content.details.items() if k != "stream_url"}
    modes = {mode: {"capacity": capacity} for mode, capacity in content.modes.items()}
    return contract.SeminarView(
        id=seminar.id,
        site=seminar.site,
        external_id=seminar.external_id,
        status=seminar.status,
        title=text(content.title),
        title_certainty=content.title_certainty,
        when=when_view(content.when, zone_of(zone)),
        shown=tuple(shown_in(content.when, each) for each in dict.fromkeys([zone, *BOTH_SIDES, *zones])),
        modes=contract.ModesView.model_validate(modes),
        reason=seminar.reason,
        over_capacity=tuple(over),
        version=version,
        **details,
    )


def when_view(when: When, zone: ZoneInfo) -> contract.WhenView:
    return contract.WhenView(
        precision=when.precision,
        zone=when.zone,
        starts_at=_shown(when.starts_at, zone),
        ends_at=_shown(when.ends_at, zone),
        announced=tuple(contract.Announced(zone=a.zone, date=a.date, part=a.part) for a in when.announced),
        month=when.month,
        certainty=when.certainty,
    )


def shown_in(when: When, name: str) -> contract.ShownIn:
    known, zone = when.known_in(name), zone_of(name)
    return contract.ShownIn(
        zone=name,
        starts_at=_shown(known.starts_at, zone),
        ends_at=_shown(known.ends_at, zone),
        local=_local(known, zone),
        date=known.date,
        part=known.part,
        month=known.month,
        text=text(worded(known, when)),
    )


def _shown(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else shown(at, zone)


def _local(known: Known, zone: ZoneInfo) -> contract.LocalSpan | None:
    if known.starts_at is None:
        return None
    start = known.starts_at.astimezone(zone)
    end = None if known.ends_at is None else f"{known.ends_at.astimezone(zone):%H:%M}"
    return contract.LocalSpan(time_zone=known.zone, date=start.date(), start=f"{start:%H:%M}", end=end)


class RegistrationQueries:
    def __init__(self, registrations: Registrations, sites: Copy[SiteState]) -> None:
        self._registrations = registrations
        self._sites = sites

    async def get(self, ask: Asked[GetRegistration]) -> Answer:
        doc = await self._registrations.get(ask.data.seminar, may_attend(ask.principal))
        if doc is None:
            raise NotFound(seminar=ask.data.seminar)
        return answer(await self.view(doc))

    async def view(self, doc: Mapping[str, Any]) -> contract.RegistrationView:
        held = registration_of(doc)
        zone = zone_of(await zone_name(self._sites, held.site, "UTC"))
        return contract.RegistrationView(
            id=held.id,
            seminar=held.seminar,
            site=held.site,
            mode=held.mode,
            status=held.status,
            position=await self._registrations.ahead(held) + 1 if held.status == "waiting" else None,
            since=shown(held.since, zone),
            version=doc["version"],
        )


class SiteQueries:
    def __init__(self, quarantine: Quarantine, sites: Copy[SiteState]) -> None:
        self._quarantine = quarantine
        self._sites = sites

    async def page(self, ask: Asked[ListQuarantine]) -> Answer:
        """Newest first."""
        site, limit = ask.data.site, ask.data.limit
        may_tend(ask.principal, site)
        rows = await self._quarantine.page(site, limit + 1, ask.data.after)
        items = [await self.quarantined(row) for row in rows[:limit]]
        return answer(contract.QuarantineList(items=tuple(items), next=_next(rows, limit)))

    async def quarantined(self, row: Mapping[str, Any]) -> contract.QuarantinedView:
        zone = zone_of(await zone_name(self._sites, row["site"], "UTC"))
        raw, encoding = _readable(bytes(row["raw"]))
        return contract.QuarantinedView(
            id=row["_id"],
            raw=raw,
            encoding=encoding,
            received_at=shown(row["received_at"], zone),
            tended=tuple(_tended(each, zone) for each in row.get("tended", ())),
            **{k: row[k] for k in ("site", "reason", "details", "event_id", "type", "status", "outcome", "replays")},
        )


def _tended(each: Mapping[str, Any], zone: ZoneInfo) -> contract.TendedView:
    return contract.TendedView.model_validate({**each, "at": shown(each["at"], zone)})


class PersonalQueries:
    """What is kept about one person, for that person to read."""

    def __init__(self, seminars: Seminars, registrations: Registrations, sites: Copy[SiteState]) -> None:
        self._seminars = seminars
        self._registrations = registrations
        self._sites = sites

    async def personal_data(self, ask: Asked[PersonalDataInEvents]) -> Answer:
        """Of the asker, or for staff and operators of anybody."""
        member, by = ask.data.member, ask.principal
        if member != by.id and not _STAFF & by.roles:
            raise NotFound
        docs = await self._registrations.of_member(member, after=ask.data.after, most=_PERSONAL + 1)
        page = docs[:_PERSONAL]
        seminars = await self._seminars.among([doc["seminar"] for doc in page])
        reasons = await self._registrations.reasons([doc["_id"] for doc in page])
        rows = [await self._row(doc, seminars.get(doc["seminar"]), reasons.get(doc["_id"])) for doc in page]
        following = page[-1]["_id"] if len(docs) > _PERSONAL else None
        return answer(PersonalDataView(sections=(_registrations(rows),), next=following))

    async def _row(
        self, doc: Mapping[str, Any], seminar: tuple[Seminar, int] | None, reasons: list[str] | None
    ) -> dict[str, Any]:
        zone = zone_of(await zone_name(self._sites, doc["site"], "UTC"))
        content = seminar[0].content if seminar is not None else None
        title = None if content is None else {"ja": content.title.ja, "en": content.title.en}
        return {**doc, "id": doc["_id"], "title": title, "since": shown(doc["since"], zone), "reasons": reasons}


def _registrations(rows: list[dict[str, Any]]) -> SectionView:
    return section(
        "registrations",
        ("セミナーの参加登録", "Registrations for seminars"),
        purpose=("席をご用意し、変更をお知らせするため", "to keep a seat for you, and to tell you of changes"),
        kept=("期限なし(退会・消去後はIDのみ)", "always; once you are gone by id alone"),
        columns={
            "id": ("登録ID", "Id"),
            "seminar": ("セミナーID", "Seminar (id)"),
            "title": ("題名", "Title"),
            "site": ("拠点", "Site"),
            "mode": ("参加方法", "How"),
            "status": ("状態", "Status"),
            "since": ("登録日時", "Since"),
            "reasons": ("理由", "Why"),
        },
        rows=rows,
    )


def _readable(raw: bytes) -> tuple[str, Any]:
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode(), "base64"


def _next(rows: Sequence[Mapping[str, Any]], limit: int) -> str | None:
    """What the next page goes on from, where there is one."""
    return str(rows[limit - 1]["listed"]) if len(rows) > limit else None

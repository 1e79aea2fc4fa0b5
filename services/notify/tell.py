"""From a plan to what is stored: a mail row and a notice for each person, however often it is asked for."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify.domain.plan import BY_A_DEADLINE, Channel, Contact, Happening, Notification, plan
from services.notify.publish import NewNotice
from services.notify.reader import place_of, zones
from services.notify.store import Mails, Notices, Sites
from services.notify.store.mails import Lane, mail_row
from services.notify.store.sites import Site
from services.notify.wording import Facts, Wording
from shared.contracts.booking import BookingEvent, SeriesEvent, WaitEvent
from shared.contracts.members import OrganizationStatusChanged, RenewalDue, SessionReused
from shared.contracts.message import BilingualView, CloudEvent
from shared.kernel.time import Clock
from shared.kit import telemetry
from shared.kit.documents import Cause


@dataclass(frozen=True, slots=True)
class News:
    """One event as it is told. `broadcast` says that its rows find the facts in the broadcast of the same event."""

    happening: Happening
    facts: Facts
    correlationid: str
    traceparent: str | None = None
    broadcast: bool = False

    @property
    def cause(self) -> Cause:
        """The rows' ids are derived from the event, so the cause needs no key of its own."""
        return Cause(
            "notify.tell",
            "notify",
            self.correlationid,
            causationid=self.happening.event,
            traceparent=self.traceparent,
        )


def news_of(happening: Happening, facts: Facts, event: CloudEvent) -> News:
    """News of one person's own doing, from the event that says so."""
    return News(happening, facts, event.correlationid or event.id, event.traceparent)


@dataclass(frozen=True, slots=True)
class Rows:
    """Where they are stored; `nudge` says that a lane has new mails."""

    mails: Mails
    notices: Notices
    nudge: Callable[[Lane], None]


class Teller:
    """Stores what a plan says. Doing it twice stores and announces nothing more."""

    def __init__(self, rows: Rows, sites: Sites, wording: Wording, clock: Clock) -> None:
        self._rows = rows
        self._sites = sites
        self._wording = wording
        self._clock = clock

    async def tell(self, news: News, people: Iterable[Contact]) -> None:
        """Returns once every row and notice is stored; mails then leave by themselves."""
        rows = plan(news.happening, people)
        if not rows:
            return
        at, (site_id, zone) = self._clock.now(), place_of(news.facts)
        site = await self._sites.site(site_id, zone=zone)
        lane = Lane.BROADCAST if news.broadcast else Lane.PERSONAL
        mails = [_mail(row, news, site_id, lane, at) for row in rows if row.channel is Channel.EMAIL]
        notices = self._worded([row for row in rows if row.channel is Channel.IN_APP], news, site)
        # gather, not a task group: an outage has to reach the retry policy as itself, not wrapped in a group
        await asyncio.gather(self._rows.mails.add(mails), self._rows.notices.add(notices, site_id, news.cause, at=at))
        self._rows.nudge(lane)

    async def begun(self, news: News, people: Iterable[Contact]) -> bool:
        """Whether some of it is stored already, so that it has to be finished, stale or not."""
        return await self._rows.mails.any_of([row.id for row in plan(news.happening, people)])

    def _worded(self, rows: list[Notification], news: News, site: Site) -> list[NewNotice]:
        """Words depend on the reader's zone only, so thousands of readers need few renderings."""
        worded: dict[str, tuple[BilingualView, BilingualView]] = {}
        for row in rows:
            if row.zone not in worded:
                clocks = zones(site.zone, row.zone)
                worded[row.zone] = self._wording.notice(row.topic, news.facts, clocks, site.name)
        link, topic = link_of(news.facts), news.happening.topic.value
        return [NewNotice(row.id, row.recipient, topic, *worded[row.zone], link) for row in rows]


def link_of(facts: Facts) -> str | None:
    """The API path of what it is about; None where that is nothing to look at."""
    if isinstance(facts, SessionReused):
        return None
    if isinstance(facts, BookingEvent):
        return f"/v1/bookings/{facts.id}"
    if isinstance(facts, WaitEvent):
        return f"/v1/booking-waitlist/{facts.id}"
    if isinstance(facts, SeriesEvent):
        return f"/v1/booking-series/{facts.id}"
    if isinstance(facts, OrganizationStatusChanged | RenewalDue):
        return f"/v1/organizations/{facts.id}"
    return f"/v1/seminars/{facts.seminar.id}"


def _mail(row: Notification, news: News, site: str, lane: Lane, at: datetime) -> dict[str, Any]:
    mail = mail_row(row.id, recipient=row.recipient, topic=row.topic, lane=lane, event=row.event, site=site)
    mail |= {"correlationid": news.correlationid, "created_at": at}
    mail |= {"aggregate": news.happening.aggregate, "of_version": news.happening.version}
    deadline: datetime | None = getattr(news.facts, "expires_at", None)
    if deadline is not None and row.topic in BY_A_DEADLINE:
        mail["expires_at"] = deadline
    if traceparent := telemetry.carried(news.traceparent):
        mail["traceparent"] = traceparent
    if not news.broadcast:
        mail |= {"wire": news.facts.wire, "facts": news.facts.model_dump(mode="json", exclude_none=True)}
    return mail

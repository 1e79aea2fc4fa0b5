"""The demonstration data, said to the services as anybody would say it. A second time it changes nothing.

`python -m deploy.embedded.demo FOLDER`; returns once it has reached every service's copy.
"""

import asyncio
import os
import sys
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from deploy.embedded.demo_words import (
    NYC,
    ORGANIZATIONS,
    PEOPLE,
    RESOURCES,
    SITES,
    seminar,
)
from deploy.embedded.folder import DataFolder, read_run
from deploy.ops import Ops, connected
from deploy.trouble import NotDone
from deploy.waiting import until
from shared.contracts.events import ListSeminars
from shared.contracts.members import CreateMember, CreateOrganization, Membership
from shared.contracts.message import CloudEvent
from shared.contracts.topology import ingest_stream
from shared.kit.clock import clock_of

_PATIENCE = 60.0


def fiscal_year(day: date) -> int:
    """The Japanese fiscal year, named by the year of its 1 April."""
    return day.year if day.month >= 4 else day.year - 1


def memberships(now: datetime) -> Membership:
    """From 1 April of the current fiscal year to 31 March of the next one."""
    year = fiscal_year(now.astimezone(ZoneInfo("Asia/Tokyo")).date())
    return Membership(starts_on=date(year, 4, 1), ends_on=date(year + 2, 3, 31))


def coming_seminar_day(now: datetime) -> date:
    """The coming 15 December in New York, today included."""
    today = now.astimezone(ZoneInfo("America/New_York")).date()
    this_year = date(today.year, 12, 15)
    return this_year if today <= this_year else this_year.replace(year=today.year + 1)


async def furnish(ops: Ops) -> None:
    """Sites and resources, organizations and people, the seminar; each with a key of its own, so repeatable."""
    await _sites(ops)
    await _people(ops)
    await ops.settled(sites=(NYC,), seconds=_PATIENCE)
    await _announce(ops)
    await ops.settled(sites=(NYC,), seconds=_PATIENCE)


async def _sites(ops: Ops) -> None:
    for site in SITES:
        await ops.ask(site, key=f"demo-site-{site.id}")
    for resource in RESOURCES:
        await ops.ask(resource, key=f"demo-resource-{resource.id}")


async def _people(ops: Ops) -> None:
    membership = memberships(ops.clock.now())
    ids: dict[str, str] = {}
    for kind, name in ORGANIZATIONS.items():
        wanted = CreateOrganization(name=name, kind=kind, membership=membership)
        ids[kind] = (await ops.ask(wanted, key=f"demo-organization-{kind}"))["id"]
    for number, (email, (kind, person)) in enumerate(PEOPLE.items()):
        wanted_member = CreateMember(organization=ids[kind], email=email, **person)
        await _unless_there(ops, wanted_member, key=f"demo-member-{number}")


async def _unless_there(ops: Ops, wanted: CreateMember, *, key: str) -> None:
    try:
        await ops.ask(wanted, key=key)
    except NotDone as refused:
        if refused.code != "email-taken":
            raise


async def _announce(ops: Ops) -> None:
    """As the site itself would: through its own input, where it is judged like any other message."""
    now = ops.clock.now()
    day = coming_seminar_day(now)
    said = seminar(day)
    event = CloudEvent(
        id=f"demo-seminar-{day.year}",
        source=f"/sites/{NYC}",
        type=f"org.link-j.{said.wire}",
        time=now,
        subject=said.external_id,
        sequence=1,
        data=said.model_dump(mode="json", exclude_none=True),
    )
    body = event.model_dump_json(exclude_none=True).encode()
    subject, stream, headers = f"ingest.{NYC}.{event.type}", ingest_stream(NYC).name, {"Nats-Msg-Id": event.id}
    js = ops.client.jetstream()
    await js.publish(subject, body, 5, stream, headers)  # lint: allow publish-in-kit — speaks as a site, not a service
    await until(lambda: _is_listed(ops, said.external_id), seconds=_PATIENCE)


async def _is_listed(ops: Ops, external_id: str) -> bool:
    listed = await ops.ask(ListSeminars(site=NYC))
    return any(item["external_id"] == external_id for item in listed["items"])


async def main(folder: DataFolder) -> None:
    clock = clock_of(os.environ.get("LOUNGE_CLOCK", "system"))
    url = read_run(folder.path)["nats"]
    async with connected(url, folder.keys.seed_file("ops"), clock) as ops:
        await furnish(ops)


if __name__ == "__main__":
    asyncio.run(main(DataFolder(Path(sys.argv[1]))))

"""An announcement to many: in pages, resumed where it stopped, each told once."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from services.notify.domain.audience import Said
from services.notify.domain.plan import Channel, Topic, notification_id
from services.notify.handlers import Announcements
from services.notify.handlers.announcements import Pace
from services.notify.store import Audience, Broadcasts, Endings, Known, Mails, Notices, People, Sites
from services.notify.store.broadcasts import Broadcast
from services.notify.store.mails import Lane
from services.notify.tell import Rows, Teller
from services.notify.wording import Wording
from shared.contracts.booking import SiteState
from shared.contracts.events import RegistrationState, SeminarChanged
from shared.contracts.members import ContactState
from shared.contracts.message import CloudEvent
from shared.kit.copies import Copy
from shared.kit.documents import Documents
from shared.kit.mongo import Mongo
from shared.kit.nats.received import Received
from tests.notify import builders as b

MANY = 25


@dataclass(frozen=True)
class Wall:
    """It stands still."""

    def now(self) -> Any:
        return b.NOON


@dataclass
class Office:
    """The announcements on a real mongod, without a stream: a test says when the ticker comes."""

    mongo: Mongo
    announcements: Announcements
    broadcasts: Broadcasts

    async def say(self, event: SeminarChanged, event_id: str = "e1") -> None:
        envelope = CloudEvent.model_validate_json(
            CloudEvent(
                id=event_id, source="/services/events", type=f"org.link-j.{event.wire}", time=b.NOON, correlationid="c1"
            ).model_dump_json()
        )
        await self.announcements.on_seminar_changed(Received(event, envelope))

    async def tick(self) -> bool:
        """One turn of the ticker; False where nothing is due."""
        doc = await self.mongo.collection("broadcasts").find_one({"due_at": {"$lte": b.NOON}})
        if doc is not None:
            await self.announcements.continue_fan_out(doc)
        return doc is not None

    async def told(self, collection: str) -> list[str]:
        key = "recipient" if collection == "mails" else "member"
        return sorted([doc[key] async for doc in self.mongo.collection(collection).find({})])


def office_of(mongo: Mongo, pace: Pace) -> Office:
    known = Known(
        People(Copy(mongo.collection("copy_contact"), ContactState)),
        Sites(Copy(mongo.collection("copy_site"), SiteState)),
        Audience(Copy(mongo.collection("copy_registration"), RegistrationState)),
        Endings(mongo.collection("endings")),
    )
    notices = Notices(
        Documents(mongo.collection("notices"), mongo.collection("notices_history"), Wall(), lambda _doc: None)
    )
    broadcasts = Broadcasts(mongo.collection("broadcasts"))
    rows = Rows(Mails(mongo.collection("mails")), notices, lambda _lane: None)
    teller = Teller(rows, known.sites, Wording(), Wall())
    return Office(mongo, Announcements(teller, known, broadcasts, Wall(), pace), broadcasts)


@pytest.fixture
async def crowd(mongo: Mongo) -> list[str]:
    """Twenty-five people, registered and known."""
    people = [f"m{n:02d}" for n in range(MANY)]
    for member in people:
        await Copy(mongo.collection("copy_contact"), ContactState).apply(b.contact(member))
        await Copy(mongo.collection("copy_registration"), RegistrationState).apply(b.registration(member))
    return people


async def test_pages_reach_everybody_once(mongo: Mongo, crowd: list[str]) -> None:
    office = office_of(mongo, Pace(page=10))
    await office.say(b.changed())
    assert await office.told("mails") == await office.told("notices") == crowd
    assert not await office.tick()


async def test_a_turn_that_is_over_leaves_the_rest_to_the_ticker(mongo: Mongo, crowd: list[str]) -> None:
    office = office_of(mongo, Pace(page=10, seconds=0))
    await office.say(b.changed())
    assert await office.told("mails") == crowd[:10]
    turns = 0
    while await office.tick():
        turns += 1
    assert turns == 2
    assert await office.told("mails") == await office.told("notices") == crowd


async def test_a_crash_between_two_pages_repeats_nothing_anybody_sees(mongo: Mongo, crowd: list[str]) -> None:
    office = office_of(mongo, Pace(page=10, seconds=0))
    await office.say(b.changed())
    await mongo.collection("broadcasts").update_one({"_id": "e1"}, {"$set": {"cursor": ""}})
    await office.say(b.changed())
    while await office.tick():
        pass
    assert await office.told("mails") == await office.told("notices") == crowd


async def test_two_replicas_at_once_tell_everybody_once(mongo: Mongo, crowd: list[str]) -> None:
    offices = [office_of(mongo, Pace(page=3)) for _ in range(3)]
    await asyncio.gather(*(office.say(b.changed()) for office in offices))
    assert await offices[0].told("mails") == await offices[0].told("notices") == crowd


async def test_a_crash_before_the_first_page_is_taken_up_by_the_ticker_after_its_handover(
    mongo: Mongo, crowd: list[str]
) -> None:
    office = office_of(mongo, Pace())
    said = Said("e1", "s1", 2, b.NOON)
    facts = b.changed().model_dump(mode="json")
    opened = Broadcast(said, Topic.SEMINAR_CHANGED, SeminarChanged.wire, "nyc", facts, "c1")
    await office.broadcasts.open(opened, at=b.NOON)
    assert not await office.tick()
    await mongo.collection("broadcasts").update_one(
        {"_id": "e1"}, [{"$set": {"due_at": {"$subtract": ["$due_at", 9_000]}}}]
    )
    assert await office.tick()
    assert await office.told("mails") == crowd


async def test_a_cancellation_stops_the_telling_of_a_change_midway(mongo: Mongo, crowd: list[str]) -> None:
    office = office_of(mongo, Pace(page=10, seconds=0))
    await office.say(b.changed())
    await Endings(mongo.collection("endings")).note("seminar|s1", 3)
    while await office.tick():
        pass
    assert await office.told("mails") == crowd[:10]


async def test_the_page_is_read_from_its_index(mongo: Mongo, crowd: list[str]) -> None:
    query = {"seminar": "s1", "_id": {"$gt": crowd[3]}}
    plan = await mongo.collection("copy_registration").find(query).sort("_id", 1).limit(5).explain()
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
    assert plan["executionStats"]["totalKeysExamined"] <= 2 * plan["executionStats"]["nReturned"]


async def test_rows_of_an_announcement_hold_neither_address_nor_words(mongo: Mongo, crowd: list[str]) -> None:
    office = office_of(mongo, Pace())
    await office.say(b.changed())
    row = await mongo.collection("mails").find_one({"recipient": crowd[0]})
    assert row["_id"] == notification_id("e1", crowd[0], Channel.EMAIL)
    assert row["lane"] == Lane.BROADCAST
    assert "facts" not in row
    assert "@" not in str(row)

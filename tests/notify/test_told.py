"""Events in, mails and notices out: once each, however they arrive."""

from datetime import timedelta
from typing import Any

import pytest

from services.notify.domain.plan import Channel, notification_id
from shared.contracts.events import RegistrationState
from shared.contracts.message import BilingualView, Event
from tests.notify import builders as b
from tests.notify.conftest import House, Houses
from tests.notify.each_event import EACH_EVENT
from tests.support.waiting import until

BOTH_DRIVERS = pytest.mark.parametrize("driver", ["motor", "pymongo"])


@pytest.mark.parametrize(("event", "about", "topic", "subject"), EACH_EVENT, ids=[each[2] for each in EACH_EVENT])
async def test_five_deliveries_of_an_event_tell_once_by_mail_and_once_in_the_app(
    house: House, event: Event, about: str, topic: str, subject: str
) -> None:
    await house.known(b.registration())
    await house.event(event, "e1", about=about, times=5)
    await until(lambda: house.stored("mails", status="sent") == 1)
    await house.quiet()
    mails = house.ledger.to("hanako@special.example")
    assert len(mails) == 1
    assert subject in mails[0]["Subject"]
    assert mails[0]["X-Correlation-Id"] == "corr-1"
    assert mails[0]["Message-ID"] == f"<{notification_id(house.id('e1'), 'hanako', Channel.EMAIL)}@linkj.example>"
    notice = house.rows("notices")
    assert [(n["member"], n["topic"]) for n in notice] == [("hanako", topic)]
    assert subject in notice[0]["title"]["ja"]
    created = [m for m in await house.post.all("EVENTS") if m.subject and "notice_created" in m.subject]
    assert len(created) == 1
    assert created[0].subject == f"evt.notify.notice_created.v1.{notice[0]['_id']}"


@BOTH_DRIVERS
async def test_it_works_the_same_on_either_driver(houses: Houses, driver: str) -> None:
    async with houses(mongo_driver=driver) as house:
        await house.event(b.placed(), "e1", about="b1", times=2)
        await until(lambda: house.stored("mails", status="sent") == 1)
        await house.quiet()
        assert len(house.ledger.taken) == house.stored("notices") == 1


async def test_each_reads_in_their_own_language_and_on_their_own_clock(house: House) -> None:
    await house.known(b.contact("john", language="en", time_zone="Europe/London"))
    await house.event(b.placed(booked_for="john", booked_by="hanako"), "e1", about="b1")
    await until(lambda: house.stored("mails", status="sent") == 2)
    (to_john,), (to_hanako,) = house.ledger.to("john@special.example"), house.ledger.to("hanako@special.example")
    assert "Booked: Room A" in to_john["Subject"]
    text = to_john.get_body(("plain",))
    assert text is not None
    assert "Tue, Dec 15, 2026 19:00–20:00 (New York, UTC-5)" in text.get_content()
    assert "Wed, Dec 16, 2026 00:00–01:00 (London, UTC)" in text.get_content()
    assert "Where: New York lounge" in text.get_content()
    assert "会議室A" in to_hanako["Subject"]


async def test_a_contact_that_arrives_late_is_waited_for(house: House) -> None:
    await house.event(b.placed(booked_for="late", booked_by="late"), "e1", about="b1")
    await until(lambda: _again(house, "notify__booking_placed"))
    assert house.stored("mails") == 0
    await house.state(b.contact("late"))
    await until(lambda: house.stored("mails", status="sent") == 1, seconds=20)
    assert len(house.ledger.to("late@special.example")) == 1


async def test_of_no_place_only_the_readers_own_clock_is_shown(house: House) -> None:
    await house.event(b.reused(), "e1", about="session-1")
    await until(lambda: house.stored("notices") == 1)
    (notice,) = house.rows("notices")
    assert "日時: 2026年12月16日(水) 09:00（東京, UTC+9）" in notice["body"]["ja"]
    assert (notice["body"]["en"].count("UTC"), notice["link"]) == (1, None)


async def _again(house: House, durable: str) -> bool:
    info = await house.post.js.consumer_info("EVENTS", durable)
    return bool(info.num_redelivered)


async def test_a_program_that_booked_for_someone_is_not_waited_for(house: House) -> None:
    await house.event(b.placed(booked_by="program-7"), "e1", about="b1")
    await until(lambda: house.stored("mails", status="sent") == 1)
    assert house.stored("notices") == 1


async def test_nobody_erased_is_told(house: House) -> None:
    await house.known(b.contact("gone", sequence=2, email=None, name=None, erased=True))
    await house.event(b.placed(booked_for="gone"), "e1", about="b1")
    await until(lambda: house.stored("mails", status="sent") == 1)
    assert [row["recipient"] for row in house.rows("mails")] == ["hanako"]
    assert [row["member"] for row in house.rows("notices")] == ["hanako"]


async def test_of_a_hold_nobody_is_told_until_it_is_confirmed(house: House) -> None:
    await house.event(b.placed(status="held"), "e1", about="b1")
    await house.event(b.placed(id="b2", status="held"), "e2", about="b2")
    await house.event(b.cancelled(id="b2", before="held"), "e3", about="b2")
    await house.event(b.expired(id="b3", before="held"), "e5", about="b3")
    await house.event(b.confirmed(), "e4", about="b1")
    await until(lambda: house.stored("notices") == 1)
    await house.quiet()
    assert [row["topic"] for row in house.rows("notices")] == ["booking.confirmed"]


async def test_what_is_settled_is_not_asked_for_any_more(house: House) -> None:
    await house.event(b.confirmed(before="provisional", version=4), "e4", about="b1")
    await until(lambda: house.stored("notices") == 1)
    for event, name in (
        (b.placed(status="provisional", expires_at=b.DEADLINE), "e1"),
        (b.reminded(version=2), "e2"),
        (b.challenged(version=3), "e3"),
    ):
        await house.event(event, name, about="b1")
    await house.quiet()
    assert [row["topic"] for row in house.rows("notices")] == ["booking.confirmed"]


async def test_placed_is_not_said_after_cancelled(house: House) -> None:
    await house.event(b.cancelled(), "e2", about="b1")
    await until(lambda: house.stored("notices") == 1)
    await house.event(b.placed(), "e1", about="b1")
    await house.quiet()
    assert [row["topic"] for row in house.rows("notices")] == ["booking.cancelled"]
    assert len(house.ledger.taken) == 1


async def test_where_a_booking_was_is_not_said_after_it_was_moved_again(house: House) -> None:
    await house.event(b.moved(version=3), "e3", about="b1")
    await until(lambda: house.stored("notices") == 1)
    await house.event(b.moved(version=2), "e2", about="b1")
    await house.event(b.reworded(version=2), "e1", about="b1")
    await house.event(b.reworded(version=4), "e4", about="b1")
    await house.quiet()
    assert [row["topic"] for row in house.rows("notices")] == ["booking.moved", "booking.changed"]


async def test_what_was_begun_is_finished_though_it_is_stale_by_now(house: House) -> None:
    await house.event(b.placed(), "e1", about="b1")
    await until(lambda: house.stored("notices") == house.stored("mails", status="sent") == 1)
    house.admin["notify"]["notices"].delete_many({})  # as if a crash had fallen between the two writes
    await house.event(b.cancelled(), "e2", about="b1")
    await until(lambda: house.stored("notices") == 1)
    await house.event(b.placed(), "e1", about="b1")
    await until(lambda: house.stored("notices") == 2)
    await house.quiet()
    assert len(house.ledger.taken) == 2


@pytest.mark.parametrize("status", ["confirmed", "cancelled"])
async def test_a_place_in_the_queue_is_not_told_once_it_is_over(house: House, status: str) -> None:
    await house.known(b.registration(sequence=2, id="r1", status=status))
    await house.event(b.registered(status="waiting", position=1), "e1", about="r1")
    await house.quiet()
    assert house.stored("mails") == house.stored("notices") == 0


async def test_a_seat_is_not_told_after_the_seminar_was_called_off(house: House) -> None:
    await house.event(b.called_off(), "e2", about="s1")
    await until(lambda: house.stored("broadcasts", done=True) == 1)
    await house.event(b.registered(), "e1", about="r1")
    await house.quiet()
    assert house.stored("mails") == house.stored("notices") == 0


async def test_an_unreadable_event_is_parked_and_the_next_one_told(house: House) -> None:
    await house.post.js.publish("evt.booking.booking_placed.v1.b0", b"{nonsense")
    await house.event(b.placed(), "e1", about="b1")
    await until(lambda: house.stored("mails", status="sent") == 1)
    parked = await house.post.parked()
    assert [(m.headers or {})["Lounge-Reason"] for m in parked] == ["malformed"]


class TestAnnouncements:
    """Seminar changed and cancelled: to all who were there, whichever stream is first."""

    async def told(self, house: House) -> list[str]:
        return sorted(row["member"] for row in house.rows("notices"))

    async def test_all_who_are_registered_or_waiting_are_told_and_nobody_else(self, house: House) -> None:
        people: dict[str, dict[str, Any]] = {
            "reg": {},
            "wait": {"status": "waiting"},
            "gone": {"status": "cancelled"},
            "new": {"since": b.NOON + timedelta(minutes=1)},
            "other": {"seminar": "s2"},
        }
        for member, more in people.items():
            await house.known(b.contact(member), b.registration(member, **more))
        await house.event(b.changed(), "e1", about="s1")
        await until(lambda: house.stored("mails", status="sent") == 2)
        await house.quiet()
        assert await self.told(house) == ["reg", "wait"]

    async def test_a_registration_that_arrives_after_what_was_said_is_told_too(self, house: House) -> None:
        await house.event(b.changed(), "e1", about="s1")
        await until(lambda: house.stored("broadcasts", done=True) == 1)
        assert house.stored("mails") == 0
        await house.known(b.registration())
        await until(lambda: house.stored("mails", status="sent") == 1)
        await house.known(b.registration(sequence=2, status="waiting"))
        await house.event(b.changed(), "e1", about="s1")
        await house.quiet()
        assert await self.told(house) == ["hanako"]
        assert len(house.ledger.taken) == 1

    async def test_who_came_later_or_has_left_is_not_told_afterwards(self, house: House) -> None:
        await house.event(b.changed(), "e1", about="s1")
        await until(lambda: house.stored("broadcasts", done=True) == 1)
        await house.known(b.registration(since=b.NOON + timedelta(seconds=1)))
        await house.known(b.contact("left"), b.registration("left", status="cancelled"))
        await house.quiet()
        assert await self.told(house) == []

    async def test_who_registered_while_it_was_being_said_hears_it(self, house: House) -> None:
        """A site's whole batch is as of its beginning: their own clock reading is the later one."""
        came: dict[str, Any] = {"since": b.NOON + timedelta(seconds=1), "seminar_version": 2}
        await house.known(b.registration(**came))
        await house.event(b.called_off(), "e1", about="s1")
        await until(lambda: house.stored("mails", status="sent") == 1)
        await house.known(b.contact("late"), b.registration("late", **came))
        await until(lambda: house.stored("mails", status="sent") == 2)
        await house.known(b.contact("new"), b.registration("new", **came | {"seminar_version": 3}))
        await house.quiet()
        assert await self.told(house) == ["hanako", "late"]

    async def test_a_change_is_not_told_once_the_seminar_is_called_off(self, house: House) -> None:
        await house.known(b.registration())
        await house.event(b.called_off(), "e2", about="s1")
        await until(lambda: house.stored("broadcasts", done=True) == 1)
        await house.event(b.changed(), "e1", about="s1")
        await until(lambda: house.stored("broadcasts", done=True) == 2)
        await house.quiet()
        assert [row["topic"] for row in house.rows("notices")] == ["seminar.cancelled"]

    async def test_who_arrives_after_a_change_and_its_cancellation_hears_of_the_cancellation_only(
        self, house: House
    ) -> None:
        await house.event(b.changed(), "e1", about="s1")
        await house.event(b.called_off(), "e2", about="s1")
        await until(lambda: house.stored("broadcasts", done=True) == 2)
        await house.known(b.registration())
        await until(lambda: house.stored("mails", status="sent") == 1)
        await house.quiet()
        assert [row["topic"] for row in house.rows("notices")] == ["seminar.cancelled"]

    async def test_an_erased_registration_is_nobody_to_tell(self, house: House) -> None:
        await house.known(b.registration())
        gone: dict[str, Any] = {
            "id": "r-hanako",
            "seminar": None,
            "member": None,
            "mode": None,
            "status": None,
            "since": None,
        }
        await house.known(RegistrationState(sequence=2, erased=True, **gone))
        await house.event(b.changed(), "e1", about="s1")
        await until(lambda: house.stored("broadcasts", done=True) == 1)
        await house.quiet()
        assert await self.told(house) == []

    async def test_an_announcement_waits_for_no_contact_and_the_mail_for_its_own(self, house: House) -> None:
        await house.known(b.registration("late"), b.registration())
        await house.event(b.changed(), "e1", about="s1")
        await until(lambda: house.stored("mails", status="sent") == 1)
        assert await self.told(house) == ["hanako", "late"]
        await house.state(b.contact("late"))
        await until(lambda: len(house.ledger.to("late@special.example")) == 1)

    async def test_a_hostile_title_reaches_the_reader_as_text_only(self, house: House) -> None:
        title = BilingualView(ja="Hi =?UTF-8?Q?=0A?= <script>alert(1)</script> {{7*7}}\r\nBcc: x@evil.example")
        await house.known(b.registration())
        await house.event(b.changed(seminar=b.gist(title=title)), "e1", about="s1")
        await until(lambda: house.stored("mails", status="sent") == 1)
        (mail,) = house.ledger.to("hanako@special.example")
        assert mail["Bcc"] is None
        assert [recipient for recipient, _ in house.ledger.taken] == ["hanako@special.example"]
        page = mail.get_body(("html",))
        assert page is not None
        assert "<script" not in page.get_content()
        assert "{{7*7}}" in page.get_content()


async def test_an_outage_of_the_database_delays_and_parks_nothing(house: House) -> None:
    fault = {"failCommands": ["insert"], "errorCode": 91, "closeConnection": True, "appName": "lounge-notify"}
    house.admin.admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": fault})
    try:
        await house.event(b.placed(), "e1", about="b1")
        await until(lambda: house.service.gate.closed)
    finally:
        house.admin.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
    await until(lambda: house.stored("mails", status="sent") == 1, seconds=25)
    await house.quiet()
    assert house.stored("notices") == 1
    assert await house.post.parked() == []

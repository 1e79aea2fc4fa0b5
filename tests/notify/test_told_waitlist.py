"""What is told of the waiting list beside what every event is told like: see test_told."""

from tests.notify import builders as b
from tests.notify.conftest import House
from tests.support.waiting import until


async def test_the_deadline_of_an_offer_stands_on_the_sites_clock_and_on_the_readers(house: House) -> None:
    await house.event(b.offered(), "e1", about="w1")
    await until(lambda: house.stored("notices") == 1)
    (notice,) = house.rows("notices")
    assert notice["link"] == "/v1/booking-waitlist/w1"
    by = notice["body"]["en"].split("Answer by: ")[1].split("Reference")[0]
    assert "Tue, Dec 8, 2026 10:00 (New York, UTC-5)" in by
    assert "Wed, Dec 9, 2026 00:00 (Tokyo, UTC+9)" in by


async def test_what_somebody_answered_themselves_is_not_told_and_nothing_older_afterwards(house: House) -> None:
    for status in ("accepted", "declined", "cancelled"):
        await house.event(b.ended(status), f"ended-{status}", about="w1")
    await until(lambda: house.stored("endings") == 1)
    # What comes of the next is stored later, so that by then a majority knows of the first.
    await house.event(b.ended("lapsed", id="w2"), "e2", about="w2")
    await until(lambda: house.stored("notices") == 1)
    await house.event(b.offered(), "e1", about="w1")
    await house.quiet()
    assert [row["topic"] for row in house.rows("notices")] == ["waitlist.lapsed"]

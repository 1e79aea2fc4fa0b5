"""What befalls a booking or a membership by itself is told to all it concerns, each in their own words."""

import pytest

from services.notify.domain.plan import Topic
from services.notify.standing import membership_words, renewal_words
from services.notify.wording import Wording
from shared.kernel.text import Language
from tests.notify import builders as b
from tests.notify.conftest import House
from tests.notify.wordings import reader
from tests.support.waiting import until

TRANSITIONS = ("activate", "suspend", "resume", "renew", "expire", "leave")


def heard(house: House) -> dict[str, str]:
    return {row["member"]: row["topic"] for row in house.rows("notices")}


async def test_a_booking_handed_over_is_told_to_the_new_holder_the_old_one_and_the_admin(house: House) -> None:
    await house.known(b.contact("taro", language="en"), b.contact("aiko"))
    await house.event(b.handed_over(tell=("aiko", "hanako")), "e1", about="b1", times=5)
    await until(lambda: house.stored("mails", status="sent") == 3)
    await house.quiet()
    assert heard(house) == {
        "hanako": "booking.received",
        "taro": "booking.handed_over",
        "aiko": "booking.handed_over",
    }
    (to_taro,) = house.ledger.to("taro@special.example")
    assert "Handed over: Room A" in to_taro["Subject"]


async def test_of_an_offer_that_is_the_others_alone_now_nobody_hears_as_of_a_booking(house: House) -> None:
    """Who had joined the waiting list for them has left; whom it is for has heard of the offer as that."""
    await house.known(b.contact("taro"), b.contact("aiko"))
    await house.event(b.handed_over(status="held", tell=("aiko",)), "e2", about="b1")
    await house.event(b.confirmed(version=3, booked_by="taro", former=("taro",)), "e3", about="b1")
    await until(lambda: house.stored("mails", status="sent") == 1)
    await house.quiet()
    assert heard(house) == {"hanako": "booking.confirmed"}


async def test_who_has_left_hears_nothing_more_of_what_became_of_it(house: House) -> None:
    await house.known(b.contact("taro"))
    await house.event(b.cancelled(version=3, booked_by="taro", former=("taro",)), "e2", about="b1")
    await until(lambda: house.stored("mails", status="sent") == 1)
    await house.event(b.handed_over(), "e1", about="b1")
    await house.quiet()
    assert heard(house) == {"hanako": "booking.cancelled"}, "a hand-over of what is cancelled by now is stale"


async def test_a_booking_cancelled_with_a_membership_is_told_to_the_admin_too_and_why(house: House) -> None:
    await house.known(b.contact("aiko", language="en"))
    gone = b.cancelled(before="confirmed", because="membership-ended", tell=("aiko",))
    await house.event(gone, "e1", about="b1", times=5)
    await until(lambda: house.stored("mails", status="sent") == 2)
    await house.quiet()
    assert heard(house) == {"hanako": "booking.cancelled", "aiko": "booking.cancelled"}
    body = house.ledger.to("aiko@special.example")[0].get_body(("plain",))
    assert body is not None
    assert "Reason: the organization's membership ends before it" in body.get_content()


async def test_steps_before_the_membership_are_told_to_nobody_and_what_is_overtaken_neither(house: House) -> None:
    await house.event(b.membership_changed(transition="orient", status="oriented"), "e1", about="o1")
    await house.event(b.membership_changed(transition="renew", status="active", version=9), "e2", about="o1")
    await until(lambda: house.stored("notices") == 1)
    await house.event(b.renewal_due(version=8), "e3", about="o1")
    await house.event(b.membership_changed(version=7), "e4", about="o1")
    await house.quiet()
    assert [row["title"]["en"] for row in house.rows("notices")] == [
        "The membership has been renewed: Yokohama Bio K.K."
    ]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_step_has_its_own_words(language: Language) -> None:
    said = {t: membership_words(b.membership_changed(transition=t), language) for t in (*TRANSITIONS, "leave")}
    expired = membership_words(b.membership_changed(transition="resume", status="expired"), language)
    assert len({each["headline"][0] for each in said.values()}) == len(TRANSITIONS)
    assert expired["headline"] == membership_words(b.membership_changed(status="expired"), language)["headline"]
    assert membership_words(b.membership_changed(membership=None), language)["period"] == []


def test_days_are_counted_as_people_say_them() -> None:
    assert [renewal_words(b.renewal_due(days=n), "en")["left"] for n in (1, 30)] == [["1 day"], ["30 days"]]
    assert renewal_words(b.renewal_due(days=1), "ja")["left"] == ["あと1日"]


@pytest.mark.parametrize("because", ["member-left", "membership-ended", "organization-left", "organization-suspended"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_cause_of_a_cancellation_is_given_as_its_reason(because: str, language: Language) -> None:
    said = Wording().of(Topic.BOOKING_CANCELLED, b.cancelled(because=because), reader(language))
    assert ("理由: " if language == "ja" else "Reason: ") in said.body

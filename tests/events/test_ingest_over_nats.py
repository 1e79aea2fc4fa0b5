"""What a site publishes with its own credentials, through the whole pipeline on the real servers."""

from shared.contracts.events import GetSeminar, ListSeminars
from tests.events.conftest import House, member
from tests.events.words import INSTANT, event, published, seminar


async def test_a_seminar_published_by_a_site_is_readable_and_the_site_gets_a_receipt(house: House) -> None:
    sent = published("osaka")
    sequence = await house.publish(sent)
    receipt = (await house.receipts(1))[0]
    assert receipt == {"id": sent["id"], "outcome": "accepted", "sequence": 1, "stream_sequence": sequence}
    listed = (await house.ask(ListSeminars(site="osaka"), member("m-1"))).data["items"]
    assert [item["external_id"] for item in listed] == ["s-1"]
    found = (await house.ask(GetSeminar(id=listed[0]["id"], zones=("Europe/Paris",)), member("m-1"))).data
    assert found["title_certainty"] == "tentative"
    osaka, paris = found["shown"]
    assert (osaka["zone"], osaka["date"], osaka["part"], osaka["starts_at"]) == (
        "Asia/Tokyo",
        "2099-12-16",
        "morning",
        None,
    )
    assert (paris["date"], paris["starts_at"]) == (None, None)
    assert [each["seminar"]["id"] for each in await house.told("events.seminar_announced.v1")] == [found["id"]]

"""What a site publishes with its own credentials, through the whole pipeline on the real servers."""

from datetime import timedelta

import orjson
import pytest

from services.events import app
from services.events.handlers.reading import READERS
from shared.contracts.events import (
    DiscardQuarantined,
    GetSeminar,
    ListQuarantine,
    ListSeminars,
    Register,
    ReplayQuarantined,
)
from shared.kit.clock import SystemClock
from tests.events.conftest import House, Open, member, site_key, state_of_site
from tests.events.words import INSTANT, event, named, published, seminar
from tests.support.servers import Servers
from tests.support.waiting import until


async def test_a_seminar_published_by_a_site_is_readable_and_the_site_gets_a_receipt(house: House) -> None:
    sent = published("osaka")
    sequence = await house.publish(sent)
    receipt = (await house.receipts(1))[0]
    assert receipt == {"id": sent["id"], "outcome": "accepted", "sequence": 1, "stream_sequence": sequence}
    listed = (await house.ask(ListSeminars(site="osaka"), member("m-1"))).data["items"]
    assert [item["external_id"] for item in listed] == [named("s-1")]
    found = (await house.ask(GetSeminar(id=listed[0]["id"], zones=("Europe/Paris",)), member("m-1"))).data
    assert found["title_certainty"] == "tentative"
    tokyo, _, paris = found["shown"]
    assert (tokyo["zone"], tokyo["date"], tokyo["part"], tokyo["starts_at"]) == (
        "Asia/Tokyo",
        "2099-12-16",
        "morning",
        None,
    )
    assert (paris["date"], paris["starts_at"]) == (None, None)
    assert [each["seminar"]["id"] for each in await house.told("events.seminar_announced.v1")] == [found["id"]]


async def test_an_exact_time_is_shown_in_the_sites_zone_and_in_tokyo(house: House) -> None:
    identity = await house.seminar(site="nyc", when=INSTANT)
    found = (await house.ask(GetSeminar(id=identity), member("m-1"))).data
    assert found["when"]["starts_at"] == "2099-12-15T19:00:00-05:00"
    ny, tokyo = found["shown"]
    assert (ny["local"]["date"], ny["local"]["start"], ny["local"]["end"]) == ("2099-12-15", "19:00", "20:30")
    assert (tokyo["local"]["date"], tokyo["local"]["start"]) == ("2099-12-16", "09:00")
    assert tokyo["starts_at"] == "2099-12-16T09:00:00+09:00"


async def test_the_same_message_five_times_has_one_effect(house: House) -> None:
    sent = published("osaka")
    js = house.ops.jetstream()
    for n in range(5):  # past the stream's own dedupe, as after its window
        await js.publish(f"ingest.osaka.{sent['type']}", orjson.dumps(sent), headers={"Nats-Msg-Id": f"copy-{n}"})
    outcomes = [(each["outcome"], each.get("reason")) for each in await house.receipts(5)]
    assert sorted(outcomes, key=str) == [("accepted", None), *[("ignored", "duplicate")] * 4]
    assert len(await house.told("events.seminar_announced.v1")) == 1
    assert house.stored("seminars")[0]["version"] == 1
    assert house.stored("quarantine") == []


async def test_the_same_id_saying_otherwise_is_a_conflict_and_the_first_wins(house: House) -> None:
    first = published("osaka")
    other = published("osaka", title={"ja": "乗っ取り"}) | {"id": first["id"], "sequence": 9}
    await house.publish(first)
    await house.publish(other)
    receipts = await house.receipts(2)
    assert {(r["outcome"], r.get("reason")) for r in receipts} == {("accepted", None), ("quarantined", "id-conflict")}
    assert house.stored("seminars")[0]["content"]["title"]["ja"] != "乗っ取り"


async def test_older_and_equal_sequences_change_nothing_and_a_newer_one_is_news(house: House) -> None:
    identity = await house.seminar()
    await house.publish(published("osaka", sequence=5, title={"ja": "五"}, title_certainty="final"))
    await house.publish(published("osaka", sequence=4, title={"ja": "四"}))
    await house.publish(published("osaka", sequence=5, title={"ja": "五の別"}))
    receipts = await house.receipts(4)
    assert [
        (r["outcome"], r.get("reason")) for r in receipts if r["stream_sequence"] > receipts[0]["stream_sequence"] + 1
    ] == [
        ("ignored", "older"),
        ("ignored", "older"),
    ]
    found = (await house.ask(GetSeminar(id=identity), member("m-1"))).data
    assert (found["title"]["ja"], found["title_certainty"]) == ("五", "final")
    (changed,) = await house.told("events.seminar_changed.v1")
    assert changed["changed"] == ["title", "title_certainty"]
    assert changed["before"]["title"]["ja"] == seminar()["title"]["ja"]
    assert changed["seminar"]["version"] == found["version"] == 2


async def test_a_cancellation_is_told_and_closes_the_registration(house: House) -> None:
    identity = await house.seminar()
    await house.publish(
        event("osaka", {"external_id": named("s-1"), "reason": "台風"}, kind="seminar.cancelled", sequence=2)
    )
    await house.receipts(2)
    assert (await house.ask(GetSeminar(id=identity), member("m-1"))).data["status"] == "cancelled"
    refused = await house.ask(Register(seminar=identity, mode="onsite"), member("m-1"), key="k")
    assert refused.problem is not None
    assert (refused.status, refused.problem.code) == (409, "seminar-cancelled")
    assert [each["reason"] for each in await house.told("events.seminar_cancelled.v1")] == ["台風"]


async def test_what_cannot_be_used_stands_in_the_sites_own_quarantine_with_its_bytes(house: House) -> None:
    now = SystemClock().now()
    await house.publish(b"\xff not json")
    await house.publish(published("nyc"))  # with osaka's key: a forged source
    await house.publish(event("osaka", {"external_id": "b-1"}, kind="bulletin.published"))
    await house.publish(published("osaka", modes={"onsite": {"capacity": "many"}}))
    await house.publish(event("osaka", seminar(), at=now - timedelta(days=31)))
    receipts = await house.receipts(5)
    assert [r["outcome"] for r in receipts] == ["quarantined"] * 5
    assert {r["reason"] for r in receipts} == {"malformed", "identity", "unknown-type", "schema", "stale"}
    page = (await house.ask(ListQuarantine(site="osaka", limit=3), site_key("osaka"))).data
    rest = (await house.ask(ListQuarantine(site="osaka", after=page["next"]), site_key("osaka"))).data
    rows = {row["reason"]: row for row in page["items"] + rest["items"]}
    assert len(rows) == 5
    assert (rows["malformed"]["encoding"], rows["malformed"]["raw"]) == ("base64", "/yBub3QganNvbg==")
    assert rows["stale"]["event_id"] is not None
    assert rows["schema"]["details"] == "modes.onsite.capacity: Input should be a valid integer"
    assert rows["identity"]["received_at"].endswith("+09:00")
    assert (await house.ask(ListSeminars(), member("m-1"))).data["items"] == []


async def test_the_quarantine_is_for_the_site_its_staff_and_operators(house: House) -> None:
    await house.publish(b"nonsense")
    await house.receipts(1)
    row = (await house.ask(ListQuarantine(site="osaka"))).data["items"][0]
    stranger = await house.ask(ListQuarantine(site="osaka"), site_key("nyc"))
    assert stranger.status == 404
    assert (await house.ask(ListQuarantine(site="osaka"), member("m-1"))).status == 403
    taken = await house.ask(ReplayQuarantined(site="nyc", id=row["id"]), site_key("nyc"))
    assert taken.status == 404


async def test_a_message_quarantined_for_its_type_is_applied_by_a_replay_after_the_fix(
    open_house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "READERS", {k: v for k, v in READERS.items() if "published" not in k})
    async with open_house() as older_release:
        await older_release.publish(published("osaka"))
        assert [r["reason"] for r in await older_release.receipts(1)] == ["unknown-type"]
        row = (await older_release.ask(ListQuarantine(site="osaka"))).data["items"][0]
        still = (await older_release.ask(ReplayQuarantined(site="osaka", id=row["id"]))).data
        assert (still["status"], still["reason"], still["replays"]) == ("quarantined", "unknown-type", 1)
    monkeypatch.setattr(app, "READERS", READERS)
    async with open_house() as house:
        for replays in (2, 3):
            fixed = (await house.ask(ReplayQuarantined(site="osaka", id=row["id"]), site_key("osaka"))).data
            assert (fixed["status"], fixed["outcome"], fixed["replays"]) == ("replayed", "accepted", replays)
        assert len((await house.ask(ListSeminars(), member("m-1"))).data["items"]) == 1
        assert len(await house.told("events.seminar_announced.v1")) == 1
        outcomes = [r["outcome"] for r in await house.receipts(4)]
        assert outcomes == ["quarantined", "quarantined", "accepted", "accepted"]


async def test_a_discarded_message_is_not_replayed(house: House) -> None:
    await house.publish(b"nonsense")
    await house.receipts(1)
    row = (await house.ask(ListQuarantine(site="osaka"))).data["items"][0]
    for _ in range(2):
        gone = await house.ask(DiscardQuarantined(site="osaka", id=row["id"]))
        assert (gone.status, gone.data["status"]) == (200, "discarded")
    refused = await house.ask(ReplayQuarantined(site="osaka", id=row["id"]))
    assert refused.problem is not None
    assert (refused.status, refused.problem.code) == (409, "discarded")


async def test_an_id_no_subject_can_carry_still_gets_its_receipt(house: House) -> None:
    ids = ("a.b", "a*b", "..", "x/y=z", "y" * 128)
    for n, identity in enumerate(ids):
        await house.publish(published("osaka", f"s-{n}") | {"id": identity})
    receipts = await house.receipts(5)
    assert {r["id"] for r in receipts} == set(ids)
    assert {r["outcome"] for r in receipts} == {"accepted"}


async def test_a_site_that_becomes_a_producer_is_heard_within_two_seconds(open_house: Open, clean: Servers) -> None:
    async with open_house(producers=("nyc",)) as house:
        await house.publish(published("osaka"))
        await house.publish(published("nyc"), site="nyc")
        await house.receipts(1, site="nyc")
        assert house.stored("seminars", site="osaka") == []
        await state_of_site(house.ops, "osaka", producer=True, sequence=2)
        began = SystemClock().now()
        await until(lambda: bool(house.stored("seminars", site="osaka")), seconds=5)
        assert SystemClock().now() - began < timedelta(seconds=3)


async def test_the_lag_of_each_open_door_is_told(house: House) -> None:
    await house.publish(published("osaka"))
    await house.receipts(1)
    await house.settled()

    async def none_behind() -> bool:
        lag = await house.replicas[0].lag()
        return lag == {"events__site": 0, "events__member": 0, "INGEST_nyc": 0, "INGEST_osaka": 0}

    await until(none_behind)


async def test_messages_are_taken_in_after_a_replica_died_between_effect_and_ack(open_house: Open) -> None:
    async with open_house(crash="consumer.after_effect:raise@1") as house:
        sent = published("osaka")
        await house.publish(sent)
        receipts = await house.receipts(1)
        await house.settled()
        assert [(r["id"], r["outcome"]) for r in receipts] == [(sent["id"], "accepted")]
        assert len(await house.receipts(1)) == 1
        assert len(await house.told("events.seminar_announced.v1")) == 1


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_messages_out_of_order_over_two_replicas_end_at_the_highest_sequence(
    open_house: Open, driver: str
) -> None:
    async with open_house(replicas=2, mongo_driver=driver) as house:
        orders = [(7 * n) % 50 for n in range(50)]
        for sequence in orders:
            for external in ("a", "b", "c", "d"):
                await house.publish(published("osaka", external, sequence=sequence, title={"ja": f"題{sequence}"}))
        await until(lambda: len(house.stored("arrivals")) == 200, seconds=20)
        await house.settled()
        assert [d["content"]["title"]["ja"] for d in house.stored("seminars")] == ["題49"] * 4
        receipts = await house.receipts(200)
        assert len({r["id"] for r in receipts}) == 200
        assert {r["outcome"] for r in receipts} == {"accepted", "ignored"}
        versions = sum(d["version"] for d in house.stored("seminars"))
        assert sum(r["outcome"] == "accepted" for r in receipts) == versions

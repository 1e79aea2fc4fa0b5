"""The HTTP door: the batch is judged for the answer and goes through the site's own stream like everything else."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from shared.contracts.events import Ingest, ListQuarantine, ListSeminars
from shared.contracts.message import Answer
from shared.kit.clock import SystemClock
from tests.events.conftest import House, member, site_key
from tests.events.words import event, named, published, seminar
from tests.support.waiting import until


async def send(house: House, *events: Any, site: str = "osaka", by: str = "osaka") -> Answer:
    return await house.ask(Ingest(site=site, events=events), site_key(by))


async def stored(house: House, site: str = "osaka") -> int:
    return (await house.ops.jetstream().stream_info(f"INGEST_{site}")).state.messages


async def test_a_batch_is_taken_in_counted_and_ends_in_the_sites_stream(house: House) -> None:
    answer = await send(house, published("osaka", "a"), published("osaka", "b"), published("osaka", "c", modes=[]))
    assert (answer.status, answer.data) == (202, {"accepted": 2, "quarantined": 1})
    assert await stored(house) == 3
    receipts = await house.receipts(3)
    assert sorted((r["outcome"], r.get("reason", "")) for r in receipts) == [
        ("accepted", ""),
        ("accepted", ""),
        ("quarantined", "schema"),
    ]
    items = (await house.ask(ListSeminars(site="osaka"), member("m-1"))).data["items"]
    assert {item["external_id"] for item in items} == {named("a"), named("b")}


MALFORMED: dict[str, Any] = {
    "no id": {k: v for k, v in published("osaka").items() if k != "id"},
    "no object": "hello",
    "sequence as text": published("osaka") | {"sequence": "1"},
    "half a surrogate pair": published("osaka") | {"id": "\ud800"},
    "too large": published("osaka") | {"data": {"x": "y" * 70_000}},
}


@pytest.mark.parametrize("wrong", MALFORMED.values(), ids=MALFORMED.keys())
async def test_one_malformed_envelope_refuses_the_whole_batch(house: House, wrong: Any) -> None:
    answer = await house.ask_raw(
        Ingest.wire, site_key("osaka"), {"site": "osaka", "events": [published("osaka"), wrong]}
    )
    assert answer.problem is not None
    assert answer.status == 422
    if answer.problem.code == "malformed-envelope":
        assert [each["index"] for each in answer.problem.members["errors"]] == [1]
    assert await stored(house) == 0


async def test_what_is_wrong_in_another_way_is_quarantined_as_over_nats(house: House) -> None:
    now = SystemClock().now()
    answer = await send(
        house,
        published("nyc"),
        event("osaka", {"external_id": "x"}, kind="bulletin.published"),
        event("osaka", seminar(), at=now - timedelta(days=40)),
        event("osaka", seminar(), at=now + timedelta(days=2)),
        published("osaka") | {"time": "2026-11-23T06:00:00"},
    )
    assert answer.data == {"accepted": 0, "quarantined": 5}
    assert {r["reason"] for r in await house.receipts(5)} == {"identity", "unknown-type", "stale", "clock", "time"}
    assert len((await house.ask(ListQuarantine(site="osaka"), site_key("osaka"))).data["items"]) == 5


async def test_a_batch_sent_twice_has_one_effect_and_one_answer(house: House) -> None:
    batch = (published("osaka", "a"), published("osaka", "b", modes=5))
    first, second = await send(house, *batch), await send(house, *batch)
    assert first.data == second.data == {"accepted": 1, "quarantined": 1}
    await house.receipts(2)
    await house.settled()
    assert len(house.stored("quarantine")) == 1
    assert len(await house.told("events.seminar_announced.v1")) == 1


async def test_the_same_event_by_both_doors_has_one_effect(house: House) -> None:
    sent = published("osaka")
    await house.publish(sent)
    assert (await send(house, sent)).data == {"accepted": 1, "quarantined": 0}
    outcomes = [(r["outcome"], r.get("reason")) for r in await house.receipts(2)]
    assert sorted(outcomes, key=str) == [("accepted", None), ("ignored", "duplicate")]


async def test_an_id_that_says_otherwise_is_counted_as_quarantined_within_a_batch_and_after_it(house: House) -> None:
    first = published("osaka")
    other, third = first | {"sequence": 2}, first | {"sequence": 3}
    assert (await send(house, first, other)).data == {"accepted": 1, "quarantined": 1}
    await house.receipts(2)
    assert (await send(house, third)).data == {"accepted": 0, "quarantined": 1}
    assert sorted(r["outcome"] for r in await house.receipts(3)) == ["accepted", "quarantined", "quarantined"]


async def test_the_door_is_the_sites_own(house: House) -> None:
    assert (await send(house, published("osaka"), by="nyc")).status == 404
    assert (await house.ask(Ingest(site="osaka", events=(published("osaka"),)), member("m-1"))).status == 403
    assert (await send(house, published("osaka"), site="tokyo", by="tokyo")).status == 404
    assert await stored(house) == 0


async def test_the_correlation_id_of_the_request_reaches_the_event(house: House) -> None:
    await send(house, published("osaka"))
    await until(lambda: bool(house.stored("seminars")))
    sent = await house.ops.jetstream().get_msg("INGEST_osaka", (await house.receipts(1))[0]["stream_sequence"])
    assert sent.headers is not None
    entry = house.stored("seminars")[0]["log"][0]
    assert entry["correlationid"] == sent.headers["Lounge-Correlation"]
    assert orjson.loads(sent.data or b"")["id"] == entry["causationid"]

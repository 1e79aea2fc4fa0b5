"""How large a document and its log become: refused before they are written, cut before they are refused."""

from typing import Any

import pytest

from shared.kit.documents import Draft
from shared.kit.documents import history as histories
from shared.kit.documents.chain import checked
from shared.kit.documents.draft import new_document
from shared.kit.documents.sizes import LARGEST_DATA, LARGEST_DOCUMENT, LARGEST_ENTRY, TooLarge
from shared.kit.mongo import encoded
from tests.kit.conftest import Running
from tests.kit.test_recalling import settled
from tests.support.things import ThingMade, cause, thing

CLAIMS = tuple(f"a-room-with-a-name|2026-12-15T19:00|{n:04d}" for n in range(1_500))


def size_of(doc: Any) -> int:
    return len(encoded(doc).raw)


async def test_a_change_to_what_may_not_be_written_is_refused_and_nothing_is_written(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("x"), cause("k0"), at=at)
        before = await settled(service, things, "a")
        with pytest.raises(TooLarge) as refused:
            await things.change("a", lambda _: Draft({"name": "x" * LARGEST_DOCUMENT}), cause("c1"), at=at)
        assert (refused.value.status, refused.value.members) == (409, {"id": "a"})
        assert await things.get("a") == before
        after = await things.change("a", lambda _: thing("y"), cause("c2"), at=at)
        assert after.doc["version"] == 2


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (Draft({"name": "x" * LARGEST_ENTRY}), thing("y", words=())),
        (thing("x", *(f"{n:04d}" + "g" * 200 for n in range(2_600))), thing("y", words=())),
        (thing("x"), Draft({}, [ThingMade(name="x" * LARGEST_DATA)])),
    ],
    ids=["before", "gave", "data"],
)
async def test_an_entry_is_measured_with_all_it_says(one: Running, first: Draft, then: Draft) -> None:
    async with one() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", first, cause("k0"), at=at)
        with pytest.raises(TooLarge):
            await things.change("a", lambda _: then, cause("c1"), at=at)


async def test_a_log_of_large_entries_is_cut_by_its_size_and_stays_whole(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("x", *CLAIMS, words=()), cause("k0"), at=at)
        sizes = []
        for n in range(14):
            draft = thing(str(n), *(CLAIMS if n % 2 else ()), words=())
            changed = await things.change("a", lambda _, draft=draft: draft, cause(f"c{n}"), at=at)  # type: ignore[misc] # bound now
            sizes.append(size_of(changed.doc))
            await settled(service, things, "a")
        doc = await settled(service, things, "a")
        log = await things.whole_log(doc)
        assert max(sizes) < LARGEST_DOCUMENT * 2 // 3
        assert sum(map(size_of, log)) > LARGEST_DOCUMENT, "it would have outgrown its document"
        assert ([each["seq"] for each in log], checked("a", log).faults) == (list(range(1, 16)), ())
        again = await things.change("a", lambda _: thing("z"), cause("c3"), at=at)
        assert again.replay, "its key is found in the history"


async def test_what_is_too_large_for_its_sent_log_alone_is_cut_by_the_change_itself(one: Running) -> None:
    """As an older version left it, and no relay has looked at since."""
    async with one() as (service, things):
        at = service.clock.now()
        large = new_document("a", "nyc", thing("x" * 50_000, events=22), cause("k0"), at)
        await things.collection.insert_one({**large, "sent": 22, "filler": "x" * 100_000})
        changed = await things.change("a", lambda _: thing("y"), cause("c1"), at=at)
        assert changed.doc["version"] == 2
        log = await things.whole_log(changed.doc)
        assert ([each["seq"] for each in log], checked("a", log).faults) == (list(range(1, 24)), ())


def entries(*sizes: int) -> list[dict[str, Any]]:
    return [{"seq": seq, "data": "x" * (size - size_of({"seq": seq, "data": ""}))} for seq, size in enumerate(sizes, 1)]


@pytest.mark.parametrize(
    ("sizes", "sent", "moved"),
    [
        ((100, 100, 100), 3, 0),
        ((400, 400, 400), 3, 2),
        ((400, 400, 400), 1, 1),
        ((400, 100, 100, 450), 4, 3),
        ((900, 200, 200), 3, 1),
        ((100, 1_500), 2, 1),
        ((1_500,), 1, 0),
        ((1_500, 100), 0, 0),
    ],
)
def test_of_a_log_that_is_too_large_half_of_what_may_stay_does(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...], sent: int, moved: int
) -> None:
    monkeypatch.setattr(histories, "LOG_BYTES", 1_000)
    assert len(histories.outgrown({"log": entries(*sizes), "sent": sent})) == moved


async def test_of_a_list_without_order_only_what_came_and_went_is_kept_and_it_is_recalled(one: Running) -> None:
    def days(*names: str) -> Draft:
        return Draft(
            {"name": "x", **({"days": [{"day": name} for name in names]} if names else {})},
            [ThingMade(name="x")],
            words=(),
            sets=("days",),
        )

    async with one() as (service, things):
        at = service.clock.now()
        stood = [("a", "b", "c"), ("a", "b", "d"), ("b", "d"), (), ("e",), ("e",)]
        await things.insert("a", "nyc", days(*stood[0]), cause("k0"), at=at)
        for n, names in enumerate(stood[1:], 1):
            moment = at.replace(year=at.year + n)
            await things.change("a", lambda _, names=names: days(*names), cause(f"c{n}"), at=moment)  # type: ignore[misc] # bound now
        doc = await settled(service, things, "a")
        swapped = doc["log"][1]
        assert (swapped["came"], swapped["went"]) == ({"days": [{"day": "d"}]}, {"days": [{"day": "c"}]})
        assert "days" not in swapped["before"]
        assert "came" not in doc["log"][5]
        for n, names in enumerate(stood):
            recalled = await things.recall(doc, at.replace(year=at.year + n))
            assert recalled is not None
            assert sorted(each["day"] for each in recalled.get("days", ())) == sorted(names)
            assert ("days" in recalled) == bool(names)

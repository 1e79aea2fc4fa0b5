"""What a listener is told, and what becomes of one that does not listen."""

import asyncio
import gc
import weakref
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sse_starlette import ServerSentEvent

from services.gateway.availability import AvailabilityStreams, Mark, Scope
from services.gateway.lookout import Change, Listener, Lookout, News, touched
from services.gateway.refusals import InvalidCursor
from shared.kit.nats.tail import Kept
from tests.support.booking import ny

NOON = ny("2026-12-15 12:00")


def change(resource: str = "room-a", hour: int = 0) -> Change:
    start = NOON + timedelta(hours=hour)
    return Change("taken", resource, start, start + timedelta(hours=1), f"{resource} {hour}")


async def told(listener: Listener) -> list[News | None]:
    found = []
    try:
        while True:
            found.append(await listener.next(0))
    except TimeoutError:
        return found


async def test_who_listens_is_told_in_order() -> None:
    listener = Listener("m1", "nyc")
    news = [News(n, (change(hour=n),)) for n in range(10)]
    for each in news:
        listener.put(each)
    assert await told(listener) == news


async def test_who_does_not_listen_holds_little_and_then_gets_the_picture_anew() -> None:
    listener = Listener("m1", "nyc")
    for n in range(1_000):
        listener.put(News(n, (change(hour=n % 24),)))
        assert listener.waiting <= 64
    found = await told(listener)
    assert found[0] is not None
    assert found[0].changes is None, "first the picture, then what came behind it"
    behind = [each.position for each in found if each is not None]
    assert behind == list(range(behind[0], 1_000))


async def test_what_a_listener_does_not_look_at_does_not_wait_for_it() -> None:
    listener = Listener("m1", "nyc")
    listener.sees = lambda each: each.resource == "room-b"
    for n in range(100):
        listener.put(News(n, (change("room-a"),)))
    listener.put(News(100, (change("room-a"), change("room-b"))))
    assert [each.position for each in await told(listener) if each] == [100]


async def test_who_is_sent_away_hears_nothing_more() -> None:
    listener = Listener("m1", "nyc")
    listener.put(News(1, (change(),)))
    listener.end()
    assert await told(listener) == [None]


def event(**data: Any) -> Kept:
    return Kept(1, orjson.dumps({"data": data}))


def place(resource: str, hour: str) -> dict[str, str]:
    return {"resource": resource, "starts_at": f"2026-12-15T{hour}:00:00Z", "ends_at": f"2026-12-15T{hour}:30:00Z"}


def test_an_event_says_where_to_look_each_place_once() -> None:
    first = event(site="nyc", taken=[place("room-a", "10")], released=[place("room-b", "11")])
    again = event(site="nyc", taken=[], released=[place("room-a", "10")])
    elsewhere = event(site="osaka", taken=[], released=[])
    found = touched([first, again, elsewhere])
    assert list(found["nyc"] or ()) == [tuple(place(*each).values()) for each in (("room-a", "10"), ("room-b", "11"))]
    assert found["osaka"] == {}


@pytest.mark.parametrize(
    "untold", [{"site": "nyc", "resource": "room-a"}, {"id": "nyc"}, {"site": "nyc", "id": "b1", "taken": []}]
)
def test_an_event_that_does_not_say_may_have_changed_anything_at_its_site(untold: dict[str, Any]) -> None:
    told_it = event(site="nyc", taken=[place("room-a", "10")], released=[])
    assert touched([told_it, event(**untold), told_it]) == {"nyc": None}


async def test_who_enters_while_others_are_asked_about_misses_nothing() -> None:
    class Booking:
        """Somebody comes to watch Osaka while New York is asked about."""

        async def request(self, *_: Any, **__: Any) -> dict[str, Any]:
            came.append(await lookout.enter("m2", "osaka"))
            return {"taken": [], "released": []}

    broker: Any = None
    caller: Any = Booking()
    lookout, came = Lookout(broker, caller, most=5), list[Listener]()
    lookout._ready.set()
    await lookout.enter("m1", "nyc")
    happened = [event(site=site, taken=[place("room-a", "10")], released=[]) for site in ("osaka", "nyc")]
    await lookout._tell(happened)
    assert await told(came[0]) == [News(1, None)]


async def test_a_picture_that_was_sent_is_not_kept_by_a_quiet_stream() -> None:
    class Quiet:
        listener = Listener("m1", "nyc")

    async def let_in(_: Any) -> bool:
        return True

    nothing: Any = None
    watch: Any = Quiet()
    streams = AvailabilityStreams(nothing, nothing, nothing, nothing)
    streams._still_let_in = let_in  # type: ignore[method-assign, assignment] # nobody's credential
    picture = [ServerSentEvent("large")]
    gone = weakref.ref(picture[0])
    told_it = streams._events(watch, picture, nothing)
    picture = []
    assert [(await anext(told_it)).comment, (await anext(told_it)).data] == ["open", "large"]
    waiting = asyncio.ensure_future(anext(told_it))
    await asyncio.sleep(0)
    gc.collect()
    assert gone() is None
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


def test_a_stream_is_about_real_resources_within_its_range() -> None:
    items = [{"resource": "room-ab", "parts": ["room-a", "room-b"]}, {"resource": "desk-1", "parts": []}]
    view = {"items": items, "from": "2026-12-15T12:00:00-05:00", "to": "2026-12-15T18:00:00-05:00"}
    scope = Scope.of(view)
    assert [scope.sees(change(each)) for each in ("room-a", "room-b", "desk-1", "room-ab", "room-c")] == [True] * 3 + [
        False
    ] * 2
    assert [scope.sees(change(hour=hour)) for hour in (-1, 0, 5, 6)] == [False, True, True, False]


def test_a_mark_comes_back_as_it_went() -> None:
    view = {"items": [], "from": "2026-12-15T12:00:00-05:00", "to": "2026-12-22T12:00:00-05:00"}
    text = Scope.of(view).mark.at(42)
    mark = Mark.read(text)
    assert (mark.position, mark.start, mark.end) == (42, NOON, NOON + timedelta(days=7))
    assert mark.at(42) == text


@pytest.mark.parametrize(
    "forged",
    [
        "x",
        "1",
        "1-2",
        "1-2-3",
        "-1-1797000000-1797600000",
        "1-1797600000-1797000000",
        "1-1797000000-9999999999",
        "１-2-3",
    ],
)
def test_a_mark_that_was_never_given_is_refused(forged: str) -> None:
    with pytest.raises(InvalidCursor):
        Mark.read(forged)


def test_bounds_of_marks_are_those_of_instants() -> None:
    assert Mark.read("0-946684800-7258118400").end == datetime.fromisoformat("2200-01-01T00:00:00+00:00")

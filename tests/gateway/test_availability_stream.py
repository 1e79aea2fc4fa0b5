"""The stream of availability: what it begins with, its bounds, its end, and that nobody holds up anybody."""

import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import httpx
import pytest

from shared.contracts.booking import AvailabilitySnapshot, BookingCancelled, ListResources, Occupancy
from shared.contracts.message import CloudEvent
from shared.kit.clock import SystemClock
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices, ok, problem
from tests.gateway.test_streams import Listener
from tests.support.eventually import eventually

_numbers = count(1)
PATH = "/v1/sites/nyc/availability/stream"
START, END = "2026-12-15T00:00:00-05:00", "2026-12-22T00:00:00-05:00"
LOCAL = {"time_zone": "America/New_York", "date": "2026-12-15", "start": "12:00", "end": "13:00"}


def place(resource: str = "room-a") -> dict[str, Any]:
    return {"resource": resource, "starts_at": "2026-12-15T12:00:00-05:00", "ends_at": "2026-12-15T13:00:00-05:00"}


def rooms(ask: dict[str, Any]) -> Any:
    """In two pages, the room of the site last."""
    first = "after" not in ask["data"]
    item = {"id": "room-z", "parts": ["room-y"]} if first else {"id": "room-a", "parts": []}
    return ok({"items": [item], "next": "room-z" if first else None})


@pytest.fixture
def house(services: FakeServices, door: Door) -> FakeServices:
    """Booking as it answers a site of one room, of which everything asked for is taken."""
    item = {"resource": "room-a", "kind": "room", "name": {"en": "A", "ja": None}, "parts": [], "free": [], "open": []}
    view = {"site": "nyc", "from": START, "to": END, "items": [item], "taken": [], "holidays": []}
    services.answers[AvailabilitySnapshot.wire] = lambda _: ok(view)
    services.answers[ListResources.wire] = rooms
    services.answers[Occupancy.wire] = lambda ask: ok(
        {"taken": [{**each, "local": LOCAL} for each in ask["data"]["ranges"]], "released": []}
    )
    return services


def happen(services: FakeServices, **data: Any) -> None:
    """As booking's relay publishes it."""
    number = next(_numbers)
    event = CloudEvent(
        id=f"booked-{number}",
        source="/services/booking",
        type=f"org.link-j.{BookingCancelled.wire}",
        time=SystemClock().now(),
        data={"id": f"b{number}", "site": "nyc", "taken": [place()], "released": [], **data},
    )
    services.say("booking", f"evt.{BookingCancelled.wire}.b{number}", event.model_dump_json().encode())


@contextmanager
def watching(door: Door, headers: dict[str, str], **parameters: str) -> Iterator[Listener]:
    with (
        httpx.Client(base_url=door.client.base_url, timeout=20) as client,
        client.stream("GET", PATH, headers=headers, params=parameters) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        listener = Listener(answer)
        eventually(listener.opened, what="the stream to open")
        yield listener
        if not listener.ended:
            answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def names(listener: Listener) -> list[str]:
    return [line.removeprefix("event: ") for line in listener.lines if line.startswith("event: ")]


def test_a_stream_begins_with_the_picture_and_goes_on_with_what_changes(door: Door, house: FakeServices) -> None:
    with watching(door, bearer(), kind="room", **{"from": START}) as stream:
        eventually(lambda: names(stream) == ["snapshot"], what="the picture")
        happen(house)
        eventually(lambda: names(stream) == ["snapshot", "taken"], what="the first change, or the last is told with it")
        happen(house, taken=[place("room-z")])
        happen(house, site="osaka")
        happen(house, taken=[place()])
        eventually(lambda: names(stream) == ["snapshot", "taken", "taken"], what="what changed, of what is looked at")
    asked = house.asked(AvailabilitySnapshot.wire)[0]["data"]
    assert asked == {"site": "nyc", "kind": "room", "from": START}
    assert {each["data"]["site"] for each in house.asked(Occupancy.wire)} == {"nyc"}
    assert stream.notices[1]["local"] == LOCAL


def test_what_was_given_back_and_taken_again_is_taken_whichever_is_heard_last(door: Door, house: FakeServices) -> None:
    """Two bookings' events come in no common order: the one that gave the place back may be the later one."""
    with watching(door, bearer()) as stream:
        happen(house)
        eventually(lambda: names(stream) == ["snapshot", "taken"], what="what was taken")
        happen(house, taken=[], released=[place()])
        eventually(lambda: names(stream)[2:] == ["taken"], what="what is so")


def test_who_comes_back_is_told_what_they_missed_and_no_picture_is_asked_for(door: Door, house: FakeServices) -> None:
    with watching(door, bearer(), kind="room") as stream:
        eventually(lambda: names(stream) == ["snapshot"], what="the picture")
    mark = next(line.removeprefix("id: ") for line in stream.lines if line.startswith("id: "))
    happen(house)
    happen(house, taken=[place("room-x")])
    with watching(door, bearer() | {"Last-Event-ID": mark}, kind="room") as again:
        eventually(lambda: names(again) == ["taken"], what="what was missed")
        happen(house, taken=[place("room-y"), place("room-x")])
        eventually(lambda: len(names(again)) == 2, what="what changes then")
    assert [each["resource"] for each in again.notices] == ["room-a", "room-y"]
    assert len(house.asked(AvailabilitySnapshot.wire)) == 1
    assert house.asked(ListResources.wire)[0]["data"] == {"site": "nyc", "kind": "room"}


def test_who_comes_back_for_one_resource_hears_of_its_parts_and_of_none_that_has_gone(
    door: Door, house: FakeServices
) -> None:
    with watching(door, bearer()) as stream:
        eventually(lambda: names(stream) == ["snapshot"], what="the picture")
    mark = next(line.removeprefix("id: ") for line in stream.lines if line.startswith("id: "))
    happen(house, taken=[place(), place("room-y")])
    back = bearer() | {"Last-Event-ID": mark}
    with watching(door, back, resource="room-z") as again:
        eventually(lambda: names(again) == ["taken"], what="what was missed of its part")
    assert door.client.get(f"{PATH}?resource=room-q", headers=back).status_code == 404


def test_two_events_that_come_together_are_asked_about_together(door: Door, house: FakeServices) -> None:
    with watching(door, bearer()) as one, watching(door, bearer(sub="m2")) as other:
        for _ in range(20):
            happen(house)
        eventually(lambda: "taken" in names(one) and "taken" in names(other), what="the change, to both")
    assert len(house.asked(Occupancy.wire)) <= 20
    assert all(len(each["data"]["ranges"]) == 1 for each in house.asked(Occupancy.wire))


def test_an_event_that_does_not_say_where_gives_the_picture_anew(door: Door, house: FakeServices) -> None:
    with watching(door, bearer()) as stream:
        happen(house, taken=None)
        eventually(lambda: names(stream) == ["snapshot", "snapshot"], what="the picture, again")
    assert house.asked(AvailabilitySnapshot.wire)[-1]["data"] == {"site": "nyc", "from": START, "to": END}


def test_where_booking_does_not_answer_the_picture_comes_as_soon_as_it_does(door: Door, house: FakeServices) -> None:
    answers = dict(house.answers)
    with watching(door, bearer()) as stream:
        for wire in (Occupancy.wire, AvailabilitySnapshot.wire):
            house.answers[wire] = lambda _: problem("unavailable", 503)
        happen(house)
        eventually(lambda: len(house.asked(AvailabilitySnapshot.wire)) > 1, what="the picture to be asked for")
        assert names(stream) == ["snapshot"]
        house.answers |= answers
        eventually(lambda: names(stream) == ["snapshot", "snapshot"], what="the picture, at last")
        happen(house)
        eventually(lambda: names(stream)[2:] == ["taken"], what="what changes then")


def test_five_streams_are_open_for_one_person_and_no_more(door: Door, house: FakeServices) -> None:
    who = bearer(sub="m6")
    with watching(door, who), watching(door, who), watching(door, who), watching(door, who), watching(door, who):
        sixth = door.client.get(PATH, headers=who)
        assert (sixth.status_code, sixth.json()["code"]) == (429, "too-many-streams")

    def reopened() -> bool:
        with door.client.stream("GET", PATH, headers=who) as answer:
            return answer.status_code == 200

    eventually(reopened, what="the closed streams to be given back")


def test_a_stream_ends_with_its_session_and_with_its_key(door: Door, house: FakeServices) -> None:
    secret = "lk_" + "w" * 40
    house.add_key(secret, kind="site", id="nyc", site="nyc")
    with watching(door, bearer(sid="ends")) as person, watching(door, {"X-API-Key": secret}) as site:
        house.revoked.append("ends")
        eventually(lambda: person.ended, what="the person's stream to end", seconds=12)
        assert not site.ended
        house.api_keys.clear()
        eventually(lambda: site.ended, what="the site's stream to end", seconds=12)
    house.revoked.clear()


def test_a_stream_ends_when_the_gateway_does(another_door: Callable[..., Door], house: FakeServices) -> None:
    stopping = another_door()
    with watching(stopping, bearer(sub="m8")) as stream:
        stopping.terminate()
        eventually(lambda: stream.ended, what="the stream to end")
        assert stopping.gone() == 0


@pytest.mark.parametrize("mark", ["n1", "1-2-3", "99999999999999999999-1-2"])
def test_a_last_event_id_that_was_never_given_is_refused(door: Door, house: FakeServices, mark: str) -> None:
    answer = door.client.get(PATH, headers=bearer() | {"Last-Event-ID": mark})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-cursor")


@pytest.mark.parametrize("query", ["color=red", "kind=house", "from=yesterday", "cursor=x"])
def test_what_cannot_be_asked_for_opens_no_stream(door: Door, house: FakeServices, query: str) -> None:
    assert door.client.get(f"{PATH}?{query}", headers=bearer()).status_code == 422


def test_a_refusal_of_booking_is_the_answer_not_a_stream(door: Door, house: FakeServices) -> None:
    house.answers[AvailabilitySnapshot.wire] = lambda _: problem("not-found", 404)
    answer = door.client.get(PATH, headers=bearer())
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_asking_for_the_head_of_a_stream_opens_none(door: Door, house: FakeServices) -> None:
    answer = door.client.head(PATH, headers=bearer())
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
    assert house.asked(AvailabilitySnapshot.wire) == []


@contextmanager
def never_reading(door: Door, who: str) -> Iterator[None]:
    """An open stream whose client asked, and reads nothing at all."""
    host, port = door.client.base_url.host, door.client.base_url.port
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect((host, port))
        headers = f"Host: {host}\r\nAuthorization: {bearer(sub=who)['Authorization']}\r\n\r\n"
        client.sendall(f"GET {PATH}?kind=desk HTTP/1.1\r\n{headers}".encode())
        yield


def open_streams(door: Door) -> float:
    line = next(
        each for each in door.client.get("/metrics").text.splitlines() if each.startswith("lounge_availability")
    )
    return float(line.rpartition(" ")[2])


def told_in(door: Door, house: FakeServices, stream: Listener, times: int) -> float:
    """Milliseconds from an event to its being told, the median of so many."""
    found = []
    for _ in range(times):
        before, began = len(names(stream)), time.perf_counter()
        happen(house)
        eventually(lambda before=before: len(names(stream)) > before, what="the change")  # type: ignore[misc] # mypy cannot infer a lambda with a default
        found.append((time.perf_counter() - began) * 1_000)
    return statistics.median(found)


def test_clients_that_never_read_do_not_hold_up_those_that_do_and_are_sent_away(
    door: Door, house: FakeServices, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = house.answers[AvailabilitySnapshot.wire]
    big = [{**place(), "local": LOCAL}] * 20_000

    def answer(ask: dict[str, Any]) -> Any:
        view = usual(ask)
        return ok({**view["data"], "taken": big}) if ask["data"].get("kind") == "desk" else view

    house.answers[AvailabilitySnapshot.wire] = answer
    stuck = 5
    with watching(door, bearer()) as stream:
        alone = told_in(door, house, stream, 40)
        with ExitStack() as stack:
            for number in range(stuck):
                stack.enter_context(never_reading(door, f"stuck-{number}"))
            eventually(lambda: open_streams(door) == stuck + 1, what="their streams to be open")
            beside = told_in(door, house, stream, 40)
            eventually(lambda: open_streams(door) == 1, what="them to be sent away", seconds=40)
        assert not stream.ended
    with capsys.disabled():
        sys.stdout.write(f"\navailability told in {alone:.1f} ms; beside {stuck} that never read: {beside:.1f} ms\n")
    assert beside < 3 * alone

"""The inbox stream: live notices, resumption, bounds."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx
import orjson

from shared.contracts.message import CloudEvent
from shared.contracts.notify import ListNotices, NoticeCreated
from shared.kit.clock import SystemClock
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices, ok
from tests.support.eventually import eventually

_numbers = count(1)
PATH = "/v1/notifications/stream"


def notice(notice_id: str) -> dict[str, Any]:
    text = {"ja": "予約", "en": "Booked"}
    return {"id": notice_id, "topic": "booking", "title": text, "body": text, "created_at": "2026-12-15T19:00:00Z"}


def tell(services: FakeServices, member: str, notice_id: str) -> None:
    """As notify's relay publishes it."""
    event = CloudEvent(
        id=f"evt-{next(_numbers)}",
        source="/services/notify",
        type=f"org.link-j.{NoticeCreated.wire}",
        time=SystemClock().now(),
        data={"member": member, "notice": notice(notice_id)},
    )
    services.say("notify", f"evt.{NoticeCreated.wire}.{notice_id}", event.model_dump_json().encode())


class Listener:
    """An open stream, read by a thread."""

    def __init__(self, answer: httpx.Response) -> None:
        self.lines: list[str] = []
        self.ended = False
        self._thread = threading.Thread(target=self._read, args=(answer,), daemon=True)
        self._thread.start()

    def _read(self, answer: httpx.Response) -> None:
        try:
            for line in answer.iter_lines():
                self.lines.append(line)
        except httpx.TransportError:
            pass
        self.ended = True

    @property
    def ids(self) -> list[str]:
        return [line.removeprefix("id: ") for line in self.lines if line.startswith("id: ")]

    @property
    def notices(self) -> list[dict[str, Any]]:
        return [orjson.loads(line.removeprefix("data: ")) for line in self.lines if line.startswith("data: ")]

    def opened(self) -> bool:
        return ": open" in self.lines


@contextmanager
def listening(door: Door, headers: dict[str, str]) -> Iterator[Listener]:
    with (
        httpx.Client(base_url=door.client.base_url, timeout=20) as client,
        client.stream("GET", PATH, headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        listener = Listener(answer)
        eventually(listener.opened, what="the stream to open")
        yield listener
        if not listener.ended:
            answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def test_a_notice_reaches_each_stream_of_its_member_and_nobody_elses(door: Door, services: FakeServices) -> None:
    services.answers[ListNotices.wire] = lambda _: ok({"items": [], "next": None})
    mine, theirs = bearer(sub="m1"), bearer(sub="m2")
    with listening(door, mine) as one, listening(door, mine) as two, listening(door, theirs) as other:
        tell(services, "m1", "n1")
        tell(services, "m2", "n2")
        tell(services, "m1", "n1")
        eventually(lambda: (one.ids, two.ids, other.ids) == (["n1"], ["n1"], ["n2"]), what="the notices")
        assert one.notices[0]["title"] == {"ja": "予約", "en": "Booked"}
        assert "event: notice" in one.lines


def test_a_stream_resumes_after_the_last_event_it_had(door: Door, services: FakeServices) -> None:
    services.answers[ListNotices.wire] = lambda ask: ok({"items": [notice("n2"), notice("n3")], "next": None})
    with listening(door, bearer() | {"Last-Event-ID": "n1"}) as stream:
        eventually(lambda: stream.ids == ["n2", "n3"], what="what was missed")
        tell(services, "m1", "n3")
        tell(services, "m1", "n4")
        eventually(lambda: stream.ids == ["n2", "n3", "n4"], what="the new one, and none twice")
    assert services.asked(ListNotices.wire)[0]["data"] == {"since": "n1", "limit": 100}


def test_five_streams_are_open_for_one_person_and_no_more(door: Door, services: FakeServices) -> None:
    services.answers[ListNotices.wire] = lambda _: ok({"items": [], "next": None})
    who = bearer(sub="m5")
    with (
        listening(door, who),
        listening(door, who),
        listening(door, who),
        listening(door, who),
        listening(door, who) as fifth,
    ):
        sixth = door.client.get(PATH, headers=who)
        assert (sixth.status_code, sixth.json()["code"]) == (429, "too-many-streams")
        assert not fifth.ended

    def reopened() -> bool:
        with door.client.stream("GET", PATH, headers=who) as answer:
            return answer.status_code == 200

    eventually(reopened, what="the closed streams to be given back")


def test_a_stream_ends_when_its_session_does(door: Door, services: FakeServices) -> None:
    services.answers[ListNotices.wire] = lambda _: ok({"items": [], "next": None})
    with listening(door, bearer(sid="ending")) as stream:
        services.revoked.append("ending")
        eventually(lambda: stream.ended, what="the stream to end", seconds=12)
    services.revoked.clear()


def test_asking_for_the_head_of_a_stream_opens_none(door: Door) -> None:
    answer = door.client.head(PATH, headers=bearer())
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/event-stream")


def test_a_last_event_id_that_cannot_be_one_is_refused(door: Door) -> None:
    answer = door.client.get(PATH, headers=bearer() | {"Last-Event-ID": "a b"})
    assert answer.status_code == 422

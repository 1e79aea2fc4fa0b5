"""SIGTERM: what is at work is finished, streams end, the process is gone."""

import threading
from collections.abc import Callable
from typing import Any

from shared.contracts.notify import ListNotices
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices, ok
from tests.gateway.sockets import connected
from tests.gateway.test_streams import listening
from tests.support.eventually import eventually


def test_a_request_at_work_is_answered_and_streams_are_ended(
    another_door: Callable[..., Door], services: FakeServices
) -> None:
    services.answers.clear()
    stopping, asked, released = another_door(), threading.Event(), threading.Event()

    def slow(_: dict[str, Any]) -> dict[str, Any]:
        asked.set()
        released.wait(20)
        return ok({"items": [], "next": None})

    services.answers[ListNotices.wire] = lambda _: ok({"items": [], "next": None})
    services.answers["qry.booking.bookings.v1"] = slow
    answers: list[int] = []
    at_work = threading.Thread(
        target=lambda: answers.append(stopping.client.get("/v1/bookings", headers=bearer()).status_code)
    )
    with listening(stopping, bearer(sub="m7")) as stream:
        at_work.start()
        assert asked.wait(20)
        stopping.terminate()
        eventually(lambda: _refused(stopping), what="the port to close")
        released.set()
        at_work.join(10)
        assert answers == [200]
        assert stopping.gone() == 0
    assert stream.ended


def _refused(door: Door) -> bool:
    try:
        connected(door).close()
    except ConnectionError:
        return True
    return False

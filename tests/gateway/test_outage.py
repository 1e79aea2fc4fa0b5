"""NATS away: commands are refused at once, nothing hangs; NATS back: everything goes on by itself."""

import time

from shared.contracts.notify import ListNotices
from tests.gateway.conftest import Door, bearer, key
from tests.gateway.fakes import FakeServices, ok
from tests.gateway.test_streams import listening, notice, tell
from tests.support.eventually import eventually
from tests.support.servers import Servers


def test_without_nats_calls_are_refused_at_once_and_open_streams_catch_up_after(
    door: Door, services: FakeServices, servers: Servers
) -> None:
    services.answers[ListNotices.wire] = lambda _: ok({"items": [notice("n1")], "next": None})
    with listening(door, bearer(sub="m8")) as stream:
        servers.kill_nats()
        try:
            eventually(lambda: door.client.get("/health/ready").status_code == 503, what="the gateway to notice")
            began = time.monotonic()
            answer = door.client.post("/v1/bookings/b1/cancel", headers=bearer() | key())
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"] == "1"
            assert time.monotonic() - began < 1
            assert door.client.get("/health/live").status_code == 200
        finally:
            servers.restart_nats()
            services.reopen()
        eventually(door.is_ready, what="the gateway to come back")
        assert door.client.get("/v1/bookings", headers=bearer()).status_code == 200
        services.answers[ListNotices.wire] = lambda _: ok({"items": [notice("n2")], "next": None})
        eventually(lambda: stream.ids == ["n2"], what="the notice made meanwhile")
        tell(services, "m8", "n3")
        eventually(lambda: stream.ids == ["n2", "n3"], what="the next one")

"""The one place that puts a message on a stream: it proves that it is stored, or raises."""

from collections.abc import AsyncIterator

import pytest
from nats.errors import MaxPayloadError
from nats.errors import TimeoutError as NatsTimeout

from shared.contracts.topology import STREAMS
from shared.kit.nats.publisher import NatsError, Publisher, SequenceMismatch
from shared.kit.service import Service
from tests.kit.conftest import make_service
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.waiting import until

SUBJECT = "evt.booking.thing_made.v1.a"
STATE = "state.booking.thing.v1.a"


@pytest.fixture
async def service(clean: Servers) -> AsyncIterator[Service]:
    made = make_service(clean)
    async with made.running():
        yield made


@pytest.fixture
def publisher(service: Service) -> Publisher:
    return service.publisher


async def test_what_is_published_is_stored_when_it_returns(publisher: Publisher, post: Post) -> None:
    ack = await publisher.publish(SUBJECT, b"{}", stream="EVENTS", msg_id="p1", headers={"Note": "x"})
    stored = await post.js.get_msg("EVENTS", ack.seq)
    assert (ack.stream, stored.subject, stored.data) == ("EVENTS", SUBJECT, b"{}")
    assert (stored.headers or {})["Note"] == "x"


async def test_the_same_message_id_is_stored_once(publisher: Publisher, post: Post) -> None:
    first = await publisher.publish(SUBJECT, b"1", stream="EVENTS", msg_id="p2")
    second = await publisher.publish(SUBJECT, b"2", stream="EVENTS", msg_id="p2")
    assert (second.duplicate, second.seq) == (True, first.seq)
    assert len(await post.all("EVENTS")) == 1


async def test_a_subject_of_another_stream_or_of_none_is_an_error(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kit.nats.publisher._PATIENCE_SECONDS", 0.3)
    with pytest.raises(NatsError):
        await publisher.publish(SUBJECT, b"{}", stream="STATE")
    with pytest.raises(NatsError):
        await publisher.publish("cmd.notify.nobody.v1", b"{}", stream="EVENTS")


async def test_a_stream_that_no_longer_holds_the_subject_is_an_error(publisher: Publisher, post: Post) -> None:
    events = next(stream for stream in STREAMS if stream.name == "EVENTS")
    config = (await post.js.stream_info("EVENTS")).config
    try:
        await post.js.update_stream(config.evolve(subjects=["evt.elsewhere.>"]))
        with pytest.raises(NatsError):
            await publisher.publish(SUBJECT, b"{}", stream="EVENTS")
    finally:
        await post.js.update_stream(config.evolve(subjects=list(events.subjects)))


async def test_an_expected_sequence_that_moved_on_is_told(publisher: Publisher) -> None:
    first = await publisher.publish(STATE, b"1", stream="STATE", expect_last=0)
    second = await publisher.publish(STATE, b"2", stream="STATE", expect_last=first.seq)
    with pytest.raises(SequenceMismatch):
        await publisher.publish(STATE, b"3", stream="STATE", expect_last=first.seq)
    assert await publisher.last(STATE, stream="STATE") == (second.seq, b"2")
    assert await publisher.last(f"{STATE}.none", stream="STATE") is None


async def test_a_message_over_the_streams_limit_is_an_error(publisher: Publisher) -> None:
    with pytest.raises(NatsError):
        await publisher.publish(SUBJECT, b"x" * 300_000, stream="EVENTS")
    with pytest.raises(MaxPayloadError):
        await publisher.publish(SUBJECT, b"x" * 2_000_000, stream="EVENTS")


async def test_a_denied_publish_turns_health_red_and_the_connection_lives_on(
    service: Service, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kit.nats.publisher._PATIENCE_SECONDS", 0.3)
    with pytest.raises(NatsTimeout):
        await publisher.publish("evt.members.forged.v1.a", b"{}", stream="EVENTS")
    await until(lambda: "nats-permissions" in service.health.wrong)
    assert not service.health.ready
    assert service.broker.config.connection_state.connection.is_connected
    await publisher.publish(SUBJECT, b"{}", stream="EVENTS", msg_id="p3")


async def test_an_authorization_violation_does_not_end_the_reconnecting(clean: Servers) -> None:
    service = make_service(clean)
    async with service.running():
        client = service.broker.config.connection_state.connection
        config = clean.nats.config.read_text()
        clean.kill_nats()
        try:
            public = clean.keys.public("booking")
            stranger = clean.keys.public("stranger")
            start_with(clean, config.replace(public, stranger))
            await until(lambda: service.broker.refused)
            assert not client.is_closed
            clean.kill_nats()
        finally:
            clean.restart_nats()
        await until(lambda: client.is_connected and service.health.ready)
        assert not service.broker.refused


def start_with(servers: Servers, config: str) -> None:
    """The same server with another configuration, as after a mistaken change of keys."""
    write = servers.nats.write_config
    servers.nats.write_config = lambda: servers.nats.config.write_text(config)  # type: ignore[method-assign, assignment] # one start only
    try:
        servers.restart_nats()
    finally:
        servers.nats.write_config = write  # type: ignore[method-assign] # as it was

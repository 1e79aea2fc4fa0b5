"""Every identity tries every class of subject on the real server; the table below says what each may, nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.waiting import until
from tests.support.servers import Servers

SERVICES = ("booking", "members", "events", "notify")
OWN_DURABLE = {
    "members": ("EVENTS", "members__booking_erased"),
    "booking": ("STATE", "booking__organization"),
    "events": ("STATE", "events__site"),
    "notify": ("EVENTS", "notify__booking_placed"),
}
INGEST = ("INGEST_nyc", "events__ingest")


def _subjects_published() -> list[str]:
    said = [f"{kind}.{service}.probe.v1.x" for kind in ("evt", "state", "cmd", "qry") for service in SERVICES]
    said += ["cmd.notify.send_sign_in_code.v1", "ingest.nyc.x", "ingest.osaka.x", "receipts.nyc.x", "events.x", "loose"]
    api = [f"$JS.API.STREAM.{verb}.EVENTS" for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "INFO", "SNAPSHOT")]
    api += ["$JS.API.STREAM.MSG.GET.STATE", "$JS.API.STREAM.MSG.DELETE.EVENTS", "$JS.API.STREAM.NAMES", "$JS.API.INFO"]
    api += [
        "$JS.API.STREAM.INFO.DLQ",
        "$JS.API.STREAM.PURGE.DLQ",
        "$JS.API.DIRECT.GET.EVENTS",
        "$JS.API.DIRECT.GET.DLQ",
    ]
    api += [f"$JS.API.STREAM.MSG.DELETE.{stream}" for stream in ("STATE", "DLQ")]
    api += ["$JS.API.CONSUMER.CREATE.EVENTS.x", "$JS.API.CONSUMER.DURABLE.CREATE.STATE.x"]
    for service in SERVICES:
        api += [f"$JS.API.DIRECT.GET.STATE.state.{service}.probe.v1.x"]
        api += [f"$JS.API.DIRECT.GET.EVENTS.evt.{service}.probe.v1.x"]
    for stream, durable in (*OWN_DURABLE.values(), INGEST):
        said += [f"$JS.ACK.{stream}.{durable}.1.1.1.1.1", f"dlq.{durable}.evt.x"]
        api += [f"$JS.API.CONSUMER.{verb}.{stream}.{durable}" for verb in ("INFO", "MSG.NEXT", "DELETE")]
    inboxes = [f"_INBOX_{name}.x" for name in (*SERVICES, "gateway", "ops", "nyc")]
    return [*said, *api, *inboxes, "_INBOX.x", "$SYS.REQ.SERVER.PING"]


def _subjects_subscribed() -> list[str]:
    wide = [">", "*.>", "evt.>", "state.>", "cmd.>", "qry.>", "ingest.>", "dlq.>", "receipts.>", "events.>"]
    inboxes = ["_INBOX.>", *(f"_INBOX_{name}.>" for name in (*SERVICES, "gateway", "ops", "nyc", "osaka"))]
    asked = [f"{kind}.{service}.>" for kind in ("cmd", "qry", "evt") for service in SERVICES]
    return [*wide, *inboxes, *asked, "evt.notify.notice_created.v1.>", "$JS.>", "$JS.EVENT.ADVISORY.>", "$SYS.>"]


def _published_by(service: str) -> set[str]:
    allowed = {f"evt.{service}.probe.v1.x", f"state.{service}.probe.v1.x"}
    allowed |= {f"$JS.API.DIRECT.GET.STATE.state.{service}.probe.v1.x", "_INBOX_gateway.x", "_INBOX_ops.x"}
    durables = [OWN_DURABLE[service]] if service in OWN_DURABLE else []
    if service == "events":
        durables.append(INGEST)
        allowed |= {"ingest.nyc.x", "ingest.osaka.x", "receipts.nyc.x"}
    if service == "members":
        allowed |= {"cmd.notify.send_sign_in_code.v1", "$JS.API.STREAM.MSG.DELETE.STATE"}
    if service in ("booking", "notify"):
        allowed |= {"$JS.API.STREAM.MSG.DELETE.EVENTS", f"$JS.API.DIRECT.GET.EVENTS.evt.{service}.probe.v1.x"}
    if service == "notify":
        allowed |= {"_INBOX_members.x"}
    for stream, durable in durables:
        allowed |= {f"$JS.API.CONSUMER.{verb}.{stream}.{durable}" for verb in ("INFO", "MSG.NEXT")}
        allowed |= {f"$JS.ACK.{stream}.{durable}.1.1.1.1.1", f"dlq.{durable}.evt.x"}
    return allowed


def _asked(subject: str) -> bool:
    return subject.startswith(("cmd.", "qry."))


def _operated(subject: str) -> bool:
    return _asked(subject) or subject.startswith(("$JS.API.", "$JS.ACK.", "dlq.", "evt.", "state.", "ingest."))


MAY_PUBLISH = {service: _published_by(service) for service in SERVICES} | {
    "gateway": {subject for subject in _subjects_published() if _asked(subject)}
    | {"$JS.API.STREAM.INFO.DLQ", "$JS.API.STREAM.INFO.EVENTS", "$JS.API.DIRECT.GET.EVENTS"},
    "ops": {subject for subject in _subjects_published() if _operated(subject)},
    "site-nyc": {"events.x", "$JS.API.STREAM.NAMES"},
}
MAY_SUBSCRIBE = {s: {f"cmd.{s}.>", f"qry.{s}.>", f"_INBOX_{s}.>"} for s in SERVICES} | {
    "gateway": {"evt.notify.notice_created.v1.>", "evt.booking.>", "_INBOX_gateway.>"},
    "ops": {"evt.>", "dlq.>", "_INBOX_ops.>", "evt.notify.notice_created.v1.>", *(f"evt.{s}.>" for s in SERVICES)},
    "site-nyc": {"receipts.>", "_INBOX_nyc.>"},
}
# Carried out, these would change what other tests stand on; `ops` may do them, which topology.py's job shows daily.
DESTRUCTIVE = (
    "STREAM.DELETE",
    "STREAM.PURGE",
    "STREAM.UPDATE",
    "CONSUMER.DELETE",
    "SNAPSHOT",
    "MSG.NEXT",
    "MSG.DELETE",
)


@asynccontextmanager
async def heard(servers: Servers, name: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """A client of this identity and the refusals the server sent it."""
    refusals: list[str] = []

    async def note(error: Exception) -> None:
        refusals.append(str(error).lower())

    client = await nats.connect(
        servers.nats_url,
        nkeys_seed=str(servers.seed_file(name)),
        inbox_prefix=servers.inbox_prefix(name).encode(),
        error_cb=note,
    )
    try:
        yield client, refusals
    finally:
        await client.close()


async def settled(client: Client) -> None:
    """The server has judged everything said so far: nats-py writes a flush's PING before what is pending, so twice."""
    await client.flush()
    await client.flush()


@pytest.mark.parametrize("name", MAY_PUBLISH)
async def test_an_identity_publishes_what_the_table_says_and_nothing_else(clean: Servers, name: str) -> None:
    wrong = []
    async with heard(clean, name) as (client, refusals):
        for subject in _subjects_published():
            if name == "ops" and any(verb in subject for verb in DESTRUCTIVE):
                continue
            refusals.clear()
            await client.publish(subject, b"{}")
            await settled(client)
            refused = any(f'publish to "{subject.lower()}"' in refusal for refusal in refusals)
            if refused is (subject in MAY_PUBLISH[name]):
                wrong.append((subject, "refused" if refused else "passed"))
    assert wrong == []


@pytest.mark.parametrize("name", MAY_SUBSCRIBE)
async def test_an_identity_hears_what_the_table_says_and_nothing_else(clean: Servers, name: str) -> None:
    wrong = []
    async with heard(clean, name) as (client, refusals):
        for subject in _subjects_subscribed():
            refusals.clear()
            await client.subscribe(subject)
            await settled(client)
            refused = any(f'subscription to "{subject.lower()}"' in refusal for refusal in refusals)
            if refused is (subject in MAY_SUBSCRIBE[name]):
                wrong.append((subject, "refused" if refused else "passed"))
    assert wrong == []


async def test_nobody_enters_without_a_key(servers: Servers) -> None:
    with pytest.raises(nats.errors.Error, match="Authorization"):
        await nats.connect(servers.nats_url, allow_reconnect=False, connect_timeout=1)


async def test_a_stranger_s_key_does_not_open(servers: Servers) -> None:
    stranger = str(servers.seed_file("stranger"))
    with pytest.raises(nats.errors.Error, match="Authorization"):
        await nats.connect(servers.nats_url, nkeys_seed=stranger, allow_reconnect=False, connect_timeout=1)


@asynccontextmanager
async def asked(servers: Servers) -> AsyncIterator[tuple[Client, list[str], Client]]:
    """Booking, which answers a question as soon as it hears it, the refusals it got, and a gateway to ask."""

    async def answer(message: Msg) -> None:
        await message.respond(b"answer")

    async with heard(servers, "booking") as (booking, refusals), heard(servers, "gateway") as (gateway, _):
        await booking.subscribe("qry.booking.probe.v1", cb=answer)
        await settled(booking)
        yield booking, refusals, gateway


async def test_a_question_is_answered_into_the_inbox_of_who_asked(clean: Servers) -> None:
    async with asked(clean) as (_, refusals, gateway):
        answer = await gateway.request("qry.booking.probe.v1", b"{}", timeout=2)
    assert (answer.data, refusals) == (b"answer", [])


@pytest.mark.parametrize("subject", ["$JS.API.STREAM.PURGE.EVENTS", "evt.members.forged.v1.x", "_INBOX_members.x"])
async def test_a_question_cannot_make_a_service_speak_where_it_may_not(clean: Servers, subject: str) -> None:
    async with asked(clean) as (booking, refusals, gateway):
        await booking.jetstream().publish("evt.booking.probe.v1.x", b"{}", stream="EVENTS", timeout=5)
        await gateway.publish("qry.booking.probe.v1", b"{}", reply=subject)
        await settled(gateway)
        await until(lambda: _true(refusals), seconds=20)
        async with heard(clean, "ops") as (ops, _):
            stored = (await ops.jetstream().stream_info("EVENTS")).state.messages
    assert f'publish to "{subject.lower()}"' in refusals[0]
    assert stored == 1


async def _true(found: list[str]) -> bool:
    return bool(found)


class TestASite:
    """What a producer may do, seen by its effects."""

    async def test_its_event_arrives_under_its_own_name_and_is_acknowledged(self, clean: Servers) -> None:
        async with heard(clean, "site-nyc") as (site, _), heard(clean, "ops") as (ops, _):
            ack = await site.jetstream().publish("events.org.link-j.probe.v1", b"{}", timeout=5)
            kept = await ops.jetstream().get_last_msg("INGEST_nyc", "ingest.nyc.org.link-j.probe.v1")
        assert ack.stream == "INGEST_nyc"
        assert kept.data == b"{}"

    async def test_it_hears_its_receipts_live_and_afterwards_and_the_hub_gets_an_acknowledgement(
        self, clean: Servers
    ) -> None:
        async with heard(clean, "events") as (events, _), heard(clean, "site-nyc") as (site, refusals):
            live = await site.subscribe("receipts.>")
            await settled(site)
            ack = await events.jetstream().publish("receipts.nyc.e1", b"accepted", stream="RECEIPTS", timeout=5)
            told = await live.next_msg(timeout=5)
            later = await site.jetstream().subscribe("receipts.>", ordered_consumer=True)
            kept = await later.next_msg(timeout=5)
            mine = await site.jetstream().pull_subscribe("receipts.>", durable="mine")
            pulled = await mine.fetch(1, timeout=5)
            await pulled[0].ack()
        assert ack.stream == "RECEIPTS"
        assert (told.subject, told.data) == (kept.subject, kept.data) == ("receipts.e1", b"accepted")
        assert pulled[0].data == b"accepted"
        assert refusals == []

    async def test_it_hears_nothing_of_another_site(self, clean: Servers) -> None:
        async with heard(clean, "events") as (events, _), heard(clean, "site-osaka") as (osaka, _):
            live = await osaka.subscribe("receipts.>")
            await settled(osaka)
            await events.jetstream().publish("receipts.nyc.e2", b"theirs", stream="RECEIPTS", timeout=5)
            await events.jetstream().publish("receipts.osaka.e3", b"ours", stream="RECEIPTS", timeout=5)
            first = await live.next_msg(timeout=5)
        assert first.data == b"ours"

    @pytest.mark.parametrize("verb", ["STREAM.DELETE.RECEIPTS", "STREAM.PURGE.RECEIPTS", "STREAM.CREATE.MINE"])
    async def test_it_cannot_touch_the_stream_of_its_receipts(self, clean: Servers, verb: str) -> None:
        async with heard(clean, "site-nyc") as (site, refusals):
            await site.publish(f"$JS.API.{verb}", b"{}")
            await settled(site)
        assert len(refusals) == 1

"""The one job that applies streams and durables. Idempotent; refuses loudly what the server cannot change."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from deploy.nats.keys import KeyFolder
from deploy.trouble import CannotStart
from shared.contracts.topology import (
    DURABLES,
    RECEIPTS,
    STREAMS,
    Durable,
    Stream,
    inbox_prefix,
    ingest_durable,
    ingest_stream,
)
from shared.kit.nats.addresses import believing, servers_of

T = TypeVar("T")
_STREAM_NAME_IN_USE = 10_058
_MORE_COPIES_THAN_ITS_STREAM = 10_126
_NO_PEERS_YET = 10_005
_NO_ROOM = frozenset({10_023, 10_028, 10_047})
"""Answered with 503 as well, but no waiting helps: memory or disk are reserved already."""
_PATIENCE = 10.0
_CONNECT_SECONDS = 3.0
_ASSERTED = (
    *("subjects", "retention", "storage", "discard", "max_age", "max_msgs_per_subject", "duplicate_window"),
    "num_replicas",
)


class TopologyRefused(CannotStart):
    """What stands on the server cannot become what is declared; nothing was thrown away to make room."""


async def connect(url: str, seed: Path, name: str) -> Client:
    """A client of this identity, for a short piece of work: it does not reconnect, and tells by raising alone.

    `url` may name several servers of a cluster, separated by commas: the first that answers is taken. Of a `tls://` one
    LOUNGE_NATS_CA_FILE names the authority.
    """
    *others, last = servers_of(url)
    for server in others:
        try:
            return await _connect(server, seed, name)
        except (OSError, NatsError):
            continue
    return await _connect(last, seed, name)


async def _connect(server: str, seed: Path, name: str) -> Client:
    ca = os.environ.get("LOUNGE_NATS_CA_FILE")
    connected = nats.connect(
        server,
        tls=believing(Path(ca)) if ca else None,
        nkeys_seed=str(seed),
        inbox_prefix=inbox_prefix(name).encode(),
        allow_reconnect=False,
        connect_timeout=2,
        error_cb=_already_raised,
    )
    # nats-py tries a server that is away sixty times, two seconds apart, whatever it is told of reconnecting.
    return await asyncio.wait_for(connected, _CONNECT_SECONDS)


async def _already_raised(_: Exception) -> None:
    """nats-py's own callback prints a trace of what it raises as well."""


async def apply(js: JetStreamContext, *, sites: Sequence[str] = (), replicas: int = 1) -> None:
    """Make the hub's streams and durables, and each site's input, what topology.py declares.

    `replicas` copies of each stream and of each durable's state; the server takes a change of it while in use.
    """
    for stream in (*STREAMS, *map(ingest_stream, sites)):
        await apply_stream(js, stream, replicas)
    for durable in (*DURABLES, *map(ingest_durable, sites)):
        await apply_durable(js, durable, replicas)


async def apply_site_account(url: str, keys: KeyFolder, site: str, replicas: int = 1) -> None:
    """The one stream of a site's own account, by the hub's hand in there."""
    hub = await connect(url, keys.seed_file(f"hub-{site}"), f"hub-{site}")
    try:
        await apply_stream(hub.jetstream(), RECEIPTS, replicas)
    finally:
        await hub.close()


async def clear_site_account(url: str, keys: KeyFolder, site: str) -> None:
    """Takes its one stream away, before the account goes.

    nats-server calls itself unwell for ever, over restarts too, while its store holds something of an account that is
    no longer configured.
    """
    hub = await connect(url, keys.seed_file(f"hub-{site}"), f"hub-{site}")
    try:
        await hub.jetstream().delete_stream(RECEIPTS.name)
    except NotFoundError:
        return
    finally:
        await hub.close()


async def apply_stream(js: JetStreamContext, stream: Stream, replicas: int = 1) -> None:
    """Add the stream, or change the one there.

    Raises TopologyRefused for what cannot change; what nats-py raises (`is_away`) where JetStream stays away.
    """
    wanted = _config_of(stream, replicas)
    try:
        await _patiently(lambda: js.add_stream(wanted))
    except APIError as error:
        if is_away(error):
            raise
        if error.err_code != _STREAM_NAME_IN_USE:
            raise TopologyRefused(f"stream {stream.name}: {error.description}") from error
        await _change_stream(js, wanted)


async def _change_stream(js: JetStreamContext, wanted: api.StreamConfig) -> None:
    try:
        stands = (await _patiently(lambda: js.update_stream(wanted))).config
    except APIError as error:
        raise TopologyRefused(
            f"stream {wanted.name} stands with settings that cannot change: {error.description}"
        ) from error
    for name in _ASSERTED:
        if getattr(stands, name) != getattr(wanted, name):
            raise TopologyRefused(f"stream {wanted.name}: {name} is still {getattr(stands, name)!r}")


def _config_of(stream: Stream, replicas: int) -> api.StreamConfig:
    return api.StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=api.RetentionPolicy.LIMITS,
        discard=api.DiscardPolicy.NEW,
        storage=api.StorageType.FILE,
        max_age=stream.max_age,
        max_msgs_per_subject=stream.max_msgs_per_subject,
        max_msg_size=stream.max_msg_size,
        max_bytes=stream.max_bytes,
        duplicate_window=stream.duplicate_window,
        allow_direct=stream.allow_direct,
        num_replicas=replicas,
    )


async def apply_durable(js: JetStreamContext, durable: Durable, replicas: int = 1) -> None:
    """Add the durable, or change the one there. Raises TopologyRefused for what cannot change."""
    wanted = api.ConsumerConfig(
        durable_name=durable.name,
        filter_subject=durable.filter,
        deliver_policy=api.DeliverPolicy.ALL,
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=durable.ack_wait,
        max_deliver=durable.max_deliver,
        max_ack_pending=durable.max_ack_pending,
        num_replicas=replicas,
    )
    try:
        await _patiently(lambda: js.add_consumer(durable.stream, wanted))
    except APIError as error:
        where = f"durable {durable.name} of {durable.stream}"
        raise TopologyRefused(f"{where} stands with settings that cannot change: {error.description}") from error


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer; asked again for a while where what keeps JetStream from it passes by itself."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE
    while True:
        try:
            return await ask()
        except (APIError, NatsTimeout) as error:
            if loop.time() > until or not _passes(error):
                raise
            await asyncio.sleep(0.1)


def _passes(error: Exception) -> bool:
    """JetStream is not there, as in the moment of a reload; or a stream's new copies are not known everywhere yet."""
    if isinstance(error, APIError) and error.err_code in (_MORE_COPIES_THAN_ITS_STREAM, _NO_PEERS_YET):
        return True
    return is_away(error)


def is_away(error: Exception) -> bool:
    """Nobody said no: JetStream is not there, or its cluster has no leader yet."""
    if isinstance(error, ServiceUnavailableError):
        return error.err_code not in _NO_ROOM
    return isinstance(error, NatsTimeout)

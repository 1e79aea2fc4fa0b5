"""The streams beside a restored MongoDB: what they still hold was said by documents that may no longer be."""

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from deploy import topology
from shared.contracts.topology import INGEST_DURABLE, ingest_stream

OURS = ("EVENTS", "STATE")
"""What our own documents said: all of it can be said again from them."""


async def held(js: JetStreamContext) -> dict[str, int]:
    """How many messages of our own documents each stream holds, where it holds any."""
    found = {}
    for name in OURS:
        try:
            found[name] = (await js.stream_info(name)).state.messages
        except NotFoundError:
            continue
    return {name: count for name, count in found.items() if count}


async def begin_anew(js: JetStreamContext) -> list[str]:
    """Makes `EVENTS` and `STATE` again, empty, and lets every site's input be read from its beginning. The sites.

    Deleting forgets the message ids as well, which purging does not: entries of the restored documents will bear ids
    that lost ones had.
    """
    replicas = await _copies(js)
    for name in OURS:
        try:
            await js.delete_stream(name)
        except NotFoundError:
            continue
    sites = await sites_of(js)
    for site in sites:
        try:
            await js.delete_consumer(ingest_stream(site).name, INGEST_DURABLE)
        except NotFoundError:
            continue
    await topology.apply(js, sites=sites, replicas=replicas)
    return sites


async def _copies(js: JetStreamContext) -> int:
    """In how many copies the streams of this installation are kept: as many as the one that has most."""
    return max((info.config.num_replicas or 1 for info in await js.streams_info()), default=1)


async def sites_of(js: JetStreamContext) -> list[str]:
    """The sites that have an input here, in order."""
    prefix = ingest_stream("").name
    names = [str(info.config.name) for info in await js.streams_info()]
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))

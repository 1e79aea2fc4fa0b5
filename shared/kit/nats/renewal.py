"""A key changed for another while the process works: it signs in anew as soon as the server takes the new one.

What is in flight on a connection is lost with it: a question waits out its timeout, an answer never arrives. So before
the connection is given up nothing new comes in, what came in is answered, and what was asked has its answer.
"""

import asyncio
import base64
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import nats
import nkeys
from nats.errors import Error as NatsError

from shared.kit.log import get_logger

log = get_logger()
LOOK_SECONDS = 1.0
SPREAD_SECONDS = 3.0
"""Replicas told at the same moment leave one after the other, so that one of them is always there."""
_FINISH_SECONDS = 9.0
_ANSWERS_SECONDS = 3.0
_REST = 0.005
InHand = Callable[[], Iterable[Any]]


def nothing() -> Iterable[Any]:
    """What a process has in hand that answers nobody."""
    return ()


def read_at_each_sign_in(client: Any, seed_file: Path) -> None:
    """nats-py reads the seed anew for each signature, and keeps the public half of its first."""

    def signature(nonce: str) -> bytes:
        pair = nkeys.from_seed(seed_file.read_bytes().strip())
        client._public_nkey = pair.public_key.decode()  # noqa: SLF001 — sent after the signature; tests/kit/test_renewal.py
        return base64.b64encode(pair.sign(nonce.encode()))

    client._signature_cb = signature  # noqa: SLF001 — as above


def _held(seed_file: Path) -> str:
    return public_of(seed_file.read_bytes())


def public_of(seed: bytes) -> str:
    """The half of a key the server knows."""
    public: bytes = nkeys.from_seed(seed.strip()).public_key
    return public.decode()


class Renewal:
    """Watches the seed file of one connection; `in_hand` are the tasks that still have an answer to give."""

    def __init__(self, broker: Any, in_hand: InHand = nothing) -> None:
        self._broker = broker
        self._in_hand = in_hand

    async def run(self) -> None:
        """Until cancelled. A key the server does not take yet is asked about again, and the old one stays in use."""
        seed_file: Path | None = self._broker.seed_file
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if seed_file is None or _held(seed_file) == self._client._public_nkey:  # noqa: SLF001 — as above
                continue
            if not await self._opens(seed_file):
                log.warning("nats.key_not_taken_yet")
                continue
            await asyncio.sleep(random.uniform(0, SPREAD_SECONDS))  # noqa: S311 — spreads replicas, no more
            await self._renew()

    @property
    def _client(self) -> Any:
        return self._broker.config.connection_state.connection

    async def _opens(self, seed_file: Path) -> bool:
        """Whether the server takes what stands in the file, tried beside the connection in use."""
        if (server := self._client.connected_url) is None:
            return False  # it signs in anew as it is
        try:
            connected = nats.connect(
                server.geturl(),
                tls=self._broker.tls,
                nkeys_seed=str(seed_file),
                allow_reconnect=False,
                connect_timeout=2,
                error_cb=_heard,
            )
            probe = await asyncio.wait_for(connected, _ANSWERS_SECONDS)
        except (NatsError, OSError, TimeoutError):
            return False
        await probe.close()
        return True

    async def _renew(self) -> None:
        client = self._client
        before = client.stats["reconnects"]
        await self._finish(client)
        async with self._broker.turnstile.shut(_ANSWERS_SECONDS):
            await _written(client)
            await client.force_reconnect()
            await _until(lambda: client.is_closed or (client.is_connected and client.stats["reconnects"] > before))
        log.info("nats.signed_in_anew")

    async def _finish(self, client: Any) -> None:
        """No new request comes in; those that came are answered. A reconnect subscribes anew by itself."""
        queued = [(sid, each) for sid, each in client._subs.items() if each.queue]  # noqa: SLF001 — as above
        for sid, _ in queued:
            await client._send_unsubscribe(sid)  # noqa: SLF001 — the client keeps them, for the reconnect
        await _written(client)
        with suppress(TimeoutError):
            answered = _until(lambda: not (any(each.pending_msgs for _, each in queued) or any(self._in_hand())))
            await asyncio.wait_for(answered, _FINISH_SECONDS)
        await _written(client)


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 — nothing of nats-py's wakes us
        await asyncio.sleep(_REST)


async def _written(client: Any) -> None:
    """The server has all that was said so far: nats-py's PING overtakes what still waits; the second one does not."""
    for _ in range(2):
        await client.flush()


async def _heard(_: Exception) -> None:
    """A refusal is an answer here."""

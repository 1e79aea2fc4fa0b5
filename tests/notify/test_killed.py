"""A replica killed with -9 in the middle of sending, and the one that comes after it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from typing import Any

import orjson
import pytest
from pymongo import MongoClient

from shared.contracts.message import Message
from tests.notify import builders as b
from tests.notify.ledger import Ledger
from tests.support.post import Post, post_of
from tests.support.servers import Servers
from tests.support.waiting import until

POINTS = [("sender.after_claim", 1), ("sender.before_send", 1), ("sender.after_send_before_mark", 2)]


async def started(servers: Servers, ledger: Ledger, **settings: object) -> Process:
    env = servers.settings_env("notify", smtp_url=f"smtp://127.0.0.1:{ledger.port}", **settings)
    argv = (sys.executable, "-m", "services.notify")
    return await asyncio.create_subprocess_exec(*argv, env=os.environ | env, stderr=asyncio.subprocess.DEVNULL)


async def put(post: Post, subject: str, message: Message, event_id: str) -> None:
    await post.js.publish(subject, orjson.dumps(b.envelope(message, event_id)))


@pytest.mark.parametrize(("point", "copies"), POINTS)
async def test_the_next_replica_sends_what_a_killed_one_had_in_hand(
    clean: Servers, ledger: Ledger, point: str, copies: int
) -> None:
    first = await started(clean, ledger, crash=f"{point}:kill@1")
    second: Process | None = None
    with MongoClient[dict[str, Any]](clean.mongo_admin_url) as admin:
        mails = admin["notify"]["mails"]
        try:
            async with post_of(clean) as post:
                await put(post, "state.members.contact.v1.hanako", b.contact(), "c1")
                await put(post, "evt.booking.booking_placed.v1.b1", b.placed(), f"killed-{point}")
                assert await asyncio.wait_for(first.wait(), 120) == -signal.SIGKILL
                assert mails.count_documents({"status": "ready", "tries": 1}) == 1
                mails.update_many({}, [{"$set": {"next_try": {"$subtract": ["$next_try", 10_000]}}}])
                second = await started(clean, ledger)
                await until(lambda: mails.count_documents({"status": "sent"}) == 1, seconds=30)
        finally:
            code = await _stopped(second)
            await _stopped(first)
    assert code == 0
    taken = ledger.to("hanako@special.example")
    assert len(taken) == copies
    assert len({mail["Message-ID"] for mail in taken}) == 1


async def _stopped(process: Process | None) -> int | None:
    """Asked to stop, as a supervisor does; its exit status."""
    if process is None:
        return None
    if process.returncode is None:
        process.terminate()
    return await asyncio.wait_for(process.wait(), 60)

"""`lounge dlq` against the real stream, found by environment."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support.servers import Servers

PLACED = "evt.booking.probe.v1.b1"
SITE = "state.booking.probe.v1.nyc"


class Dlq:
    """The command line on servers without services, and what it stands on."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        where = {"LOUNGE_NATS_URL": servers.nats_url, "LOUNGE_NATS_SEED_FILE": str(servers.seed_file("ops"))}
        self._environment = {**os.environ, **where}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "deploy.cli", "dlq", *words]
        return subprocess.run(argv, check=False, capture_output=True, text=True, env=self._environment, timeout=200)

    def told(self, *words: str) -> Any:
        """What it answers as JSON."""
        done = self.run(*words, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    async def park(self, durable: str, subject: str, body: bytes, *, withheld: tuple[str, int] | None = None) -> int:
        """A dead letter as the kit parks it; `withheld`: without its body, from that stream and number. Its number."""
        ops = await self.servers.client("ops")
        headers = {"Lounge-Reason": "handler", "Lounge-Deliveries": "8", "Lounge-Error": "KeyError", "kept": "yes"}
        if withheld is not None:
            stream, number = withheld
            headers |= {"Lounge-Withheld": "9", "Lounge-Stream": stream, "Lounge-Sequence": str(number)}
        ack = await ops.jetstream().publish(f"dlq.{durable}.{subject}", body, stream="DLQ", headers=headers, timeout=5)
        await ops.close()
        return ack.seq

    async def say(self, stream: str, subject: str, body: bytes) -> None:
        ops = await self.servers.client("ops")
        await ops.jetstream().publish(subject, body, stream=stream, timeout=5)
        await ops.close()

    async def last(self, stream: str, subject: str) -> tuple[int, bytes, dict[str, str]]:
        ops = await self.servers.client("ops")
        found = await ops.jetstream().get_last_msg(stream, subject)
        await ops.close()
        return found.seq or 0, found.data or b"", dict(found.headers or {})


@pytest.fixture
def dlq(clean: Servers) -> Dlq:
    return Dlq(clean)


async def test_what_is_parked_is_listed_oldest_first_and_by_consumer(dlq: Dlq) -> None:
    first = await dlq.park("notify__booking_placed", PLACED, b"{}")
    second = await dlq.park("booking__member", SITE, b"{}")
    listed = dlq.told("list")
    assert [each["id"] for each in listed] == [first, second]
    assert listed[0]["subject"] == PLACED
    assert (listed[0]["reason"], listed[0]["deliveries"], listed[0]["error"]) == ("handler", 8, "KeyError")
    assert [each["id"] for each in dlq.told("list", "--durable", "booking__member")] == [second]


async def test_one_is_shown_with_its_body_also_when_that_is_no_text(dlq: Dlq) -> None:
    plain = await dlq.park("notify__booking_placed", PLACED, b'{"id":"b1"}')
    other = await dlq.park("notify__booking_placed", PLACED, b"\xff\xfe")
    assert dlq.told("show", str(plain))["body"] == {"id": "b1"}
    assert dlq.told("show", str(other))["base64"] == "//4="


async def test_a_replay_puts_the_original_bytes_back_and_takes_the_letter_off(dlq: Dlq) -> None:
    number = await dlq.park("notify__booking_placed", PLACED, b'{"id": "b1"}')
    assert dlq.told("replay", str(number)) == [{"id": number, "subject": PLACED, "outcome": "replayed"}]
    _, body, headers = await dlq.last("EVENTS", PLACED)
    assert body == b'{"id": "b1"}'
    assert headers["kept"] == "yes"
    assert dlq.told("list") == []


async def test_a_replayed_state_is_the_latest_one_never_the_older_one_that_failed(dlq: Dlq) -> None:
    await dlq.say("STATE", SITE, b"new")
    before, _, _ = await dlq.last("STATE", SITE)
    await dlq.park("events__site", SITE, b"old")
    dlq.told("replay", "--all")
    after, body, _ = await dlq.last("STATE", SITE)
    assert (after > before, body) == (True, b"new")


async def test_an_event_kept_without_its_body_is_read_where_it_came_from_and_stays_where_it_is_gone(dlq: Dlq) -> None:
    await dlq.say("EVENTS", PLACED, b"said")
    number, _, _ = await dlq.last("EVENTS", PLACED)
    first = await dlq.park("notify__booking_cancelled", PLACED, b"", withheld=("EVENTS", number))
    foreign = await dlq.park("notify__booking_cancelled", f"{PLACED}x", b"", withheld=("EVENTS", number))
    gone = await dlq.park("notify__booking_cancelled", PLACED, b"", withheld=("EVENTS", number + 1_000))
    outcomes = {each["id"]: each["outcome"] for each in dlq.told("replay", "--all")}
    assert outcomes == {first: "replayed", foreign: "gone", gone: "gone"}
    again, body, headers = await dlq.last("EVENTS", PLACED)
    assert (again > number, body, "Lounge-Withheld" in headers) == (True, b"said", False)
    assert [each["id"] for each in dlq.told("list")] == [foreign, gone]


async def test_a_person_s_state_is_erased_where_it_stood_before_it_is_said_again(dlq: Dlq) -> None:
    subject = "state.members.contact.v1.m-replayed"
    await dlq.say("STATE", subject, b"latest")
    before, _, _ = await dlq.last("STATE", subject)
    await dlq.park("notify__contact", subject, b"", withheld=("STATE", before - 1))
    dlq.told("replay", "--all")
    after, body, _ = await dlq.last("STATE", subject)
    assert (after > before, body) == (True, b"latest")
    ops = await dlq.servers.client("ops")
    state = (await ops.jetstream().stream_info("STATE")).state
    await ops.close()
    assert (state.num_deleted or 0) + state.messages == state.last_seq - state.first_seq + 1


async def test_discarding_takes_off_only_what_was_named(dlq: Dlq) -> None:
    numbers = [await dlq.park("notify__booking_placed", PLACED, b"{}") for _ in range(3)]
    dlq.told("discard", str(numbers[1]))
    assert [each["id"] for each in dlq.told("list")] == [numbers[0], numbers[2]]
    dlq.told("discard", "--all")
    assert dlq.told("list") == []


def test_a_number_that_is_not_there_is_refused_in_one_sentence(dlq: Dlq) -> None:
    done = dlq.run("replay", "4711")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "There is no dead letter 4711.\n")


@pytest.mark.parametrize("words", [("replay",), ("discard", "1", "--all")])
def test_it_wants_numbers_or_all_and_not_both(dlq: Dlq, words: tuple[str, ...]) -> None:
    assert dlq.run(*words).returncode == 2

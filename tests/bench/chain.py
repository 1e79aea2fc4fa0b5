"""`python -m tests.bench.chain`: what chaining a log entry costs, in µs of CPU."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from shared.contracts.booking import BookingPlaced
from shared.contracts.message import BilingualView
from shared.kit.documents import Cause, Draft
from shared.kit.documents import chain as chained
from shared.kit.documents.draft import new_document
from shared.kit.mongo import encoded

_AT = datetime(2026, 12, 15, tzinfo=UTC)
_ID = "06pbq2k4tk5s0000000000000a"
_ROUNDS, _TIMES = 9, 2_000
CAUSE = Cause(
    "cmd.booking.place_booking.v1", _ID, _ID, key="tour-1", fingerprint="0" * 24, kind="member", organization=_ID
)


def placed() -> BookingPlaced:
    return BookingPlaced(
        id=_ID,
        site="nyc",
        resource="room-a",
        resource_name=BilingualView(ja="会議室A", en="Room A"),
        starts_at=_AT,
        ends_at=_AT,
        time_zone="America/New_York",
        organization=_ID,
        booked_by=_ID,
        booked_for=_ID,
        status="confirmed",
        version=1,
    )


def made() -> None:
    """A booking's document with its entry, as bytes: what the write does before it goes out."""
    draft = Draft(
        {"resource": "room-a", "starts_at": _AT, "ends_at": _AT}, [placed()], [f"room-a|{n}" for n in range(5)]
    )
    encoded(new_document(_ID, "nyc", draft, CAUSE, _AT))


def plain(log: Sequence[Mapping[str, Any]], made: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(made)


def microseconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    for _ in range(_TIMES):
        work()
    return (time.process_time() - began) / _TIMES * 1e6


def main() -> None:
    """Both sides in turn, so that whatever else the machine does falls on both."""
    real, rounds = chained.extended, []
    for _ in range(_ROUNDS):
        with_chain = microseconds(made)
        chained.extended = plain
        rounds.append((with_chain, microseconds(made)))
        chained.extended = real
    costs = [ours - theirs for ours, theirs in rounds]
    told = f"{median(ours for ours, _ in rounds):.1f} µs with, {median(bare for _, bare in rounds):.1f} µs without"
    sys.stdout.write(f"a document: {told}; the chain: {median(costs):.1f} µs ({min(costs):.1f}–{max(costs):.1f})\n")


if __name__ == "__main__":
    main()

"""`python -m tests.bench.count [BOOKINGS]`: what one booking costs in messages, bytes, writes and syncs, counted.

The counters are the servers' own (`/varz`, `/jsz`, `serverStatus`), read before and after, on a `lounge up` that does
nothing else, once everything the bookings caused is done.
"""

import json
import sys
import time
import urllib.request
from typing import Any

from pymongo import MongoClient

from deploy.embedded.folder import DataFolder
from deploy.mongo.admin import ADMIN, Passwords
from tests.bench.__main__ import Bench, load
from tests.support.system import System, system

Counters = dict[str, float]


def counters(on: System) -> Counters:
    """Everything counted so far, by name."""
    return _nats(on) | _mongo(on) | {f"cpu_ms {name}": spent * 1000 for name, spent in on.cpu_seconds().items()}


def _nats(on: System) -> Counters:
    monitor = f"http://127.0.0.1:{DataFolder(on.folder).known_port('nats-monitor')}"
    varz, jsz = _fetched(f"{monitor}/varz"), _fetched(f"{monitor}/jsz?accounts=true&streams=true&consumers=true")
    told: Counters = {f"nats {name}": varz[name] for name in ("in_msgs", "out_msgs", "in_bytes", "out_bytes")}
    told["nats stored"] = told["nats acked"] = 0
    for account in jsz["account_details"]:
        for stream in account.get("stream_detail", ()):
            told["nats stored"] += stream["state"]["last_seq"]
            told[f"stream {stream['name']} bytes"] = stream["state"]["bytes"]
            told[f"stream {stream['name']} messages"] = stream["state"]["messages"]
            told["nats acked"] += sum(each["ack_floor"]["consumer_seq"] for each in stream.get("consumer_detail", ()))
    return told


def _fetched(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def _mongo(on: System) -> Counters:
    password, port = Passwords(DataFolder(on.folder).mongo_keys).of(ADMIN), DataFolder(on.folder).known_port("mongo")
    client: MongoClient[dict[str, Any]]
    with MongoClient("127.0.0.1", port, directConnection=True, username=ADMIN, password=password) as client:
        status = client.admin.command("serverStatus")
        told: Counters = {
            f"mongo {name}": status["opcounters"][name] for name in ("insert", "query", "update", "command")
        }
        log = status["wiredTiger"]["log"]
        told["mongo journal syncs"] = log["log sync operations"]
        told["mongo journal bytes"] = log["log bytes written"]
        told["mongo network in"] = status["network"]["bytesIn"]
        told["mongo network out"] = status["network"]["bytesOut"]
        for database, collection in (("booking", "bookings"), ("notify", "notices"), ("notify", "mails")):
            size = client[database].command("collStats", collection)
            told[f"{collection} bytes"] = size["size"]
            told[f"{collection} index bytes"] = size["totalIndexSize"]
            told[f"{collection} count"] = size["count"]
    return told


def per_booking(count: int, connections: int) -> Counters:
    """Each counter's growth by one booking."""
    with system() as on:
        bench = Bench(on, 0)
        bench.place_cpu(100, connections)
        before = counters(on)
        seen = load(on.port, bench.bookings(count), connections)
        assert seen["statuses"] == {"201": count}, seen["statuses"]
        after = _all_told(on, before, count)
    return {name: round((after[name] - before.get(name, 0)) / count, 3) for name in after}


def _all_told(on: System, before: Counters, count: int) -> Counters:
    """The counters once the last booking's mail and notice are there and nothing runs any more."""
    deadline = time.monotonic() + 120
    while True:
        on.quiet()
        after = counters(on)
        if all(after[f"{told} count"] - before[f"{told} count"] == count for told in ("mails", "notices")):
            return after
        assert time.monotonic() < deadline, "not every booking was told"


def main() -> None:
    count = int((sys.argv[1:] or ["1000"])[0])
    for connections in (1, 32):
        told = per_booking(count if connections > 1 else max(100, count // 5), connections)
        sys.stdout.write(f"\n{connections} at a time, per booking\n")
        for name, grown in sorted(told.items()):
            if grown:
                sys.stdout.write(f"  {name:32} {grown:12.3f}\n")


if __name__ == "__main__":
    main()

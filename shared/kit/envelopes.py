"""What is said of a document on the streams: the message of an entry of its log, and that of its state."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson


def sequence_of(payload: bytes) -> int:
    """Of a state's message; 0, older than any, where it cannot be read: what is broken keeps nobody's place."""
    try:
        return int(orjson.loads(payload)["sequence"])
    except (ValueError, TypeError, KeyError):
        return 0


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_of(service: str, doc_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of an entry on the stream."""
    event = {
        "specversion": "1.0",
        "id": entry["id"],
        "source": f"/services/{service}",
        "type": f"org.link-j.{entry['type']}",
        "time": _iso(entry["time"]),
        "subject": doc_id,
        "datacontenttype": "application/json",
        "sequence": entry["seq"],
        "actorid": entry["actor"],
        "data": entry["data"],
    }
    return event | {k: entry[k] for k in ("correlationid", "causationid", "traceparent") if k in entry}


def state_message(service: str, wire: str, body: Mapping[str, Any], at: datetime) -> bytes:
    """What is said of a state: `body` has its `id` and `sequence`."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{body['id']}-v{body['sequence']}",
            "source": f"/services/{service}",
            "type": f"org.link-j.state.{wire}",
            "time": _iso(at),
            "subject": body["id"],
            "datacontenttype": "application/json",
            "sequence": body["sequence"],
            "data": body,
        }
    )

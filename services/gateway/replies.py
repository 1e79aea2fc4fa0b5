"""A service's reply as HTTP says it: its bytes as they are where nobody has to look into them."""

from typing import Any

import orjson
from starlette.responses import Response

from services.gateway.calls import Call

_PLAIN, _NOTHING = b'{"status":200,"replay":false,"data":', b"null}"
_SEEN_TO = frozenset({"next", "version"})
"""A cursor is sealed, a version is also a header."""


def passes_on(call: Call) -> bool:
    """Whether the data of its replies is what the client gets, by the contract."""
    return call.reads and call.ask.reply is not None and _SEEN_TO.isdisjoint(call.ask.reply.model_fields)


def is_plain(raw: bytes) -> bool:
    """A success with data and nothing else to tell."""
    return raw.startswith(_PLAIN) and not raw.endswith(_NOTHING, len(_PLAIN))


def passed_on(raw: bytes) -> Response:
    """A plain one's data, as it came."""
    return Response(raw[len(_PLAIN) : -1], headers={"cache-control": "no-store"}, media_type="application/json")


def rendered(reply: dict[str, Any]) -> Response:
    """A success as HTTP says it."""
    data = reply.get("data")
    headers = {"cache-control": "no-store"}
    if isinstance(data, dict) and isinstance(data.get("version"), int):
        headers["etag"] = f'"{data["version"]}"'
    if reply.get("replay"):
        headers["idempotent-replay"] = "true"
    if data is None:
        return Response(status_code=reply["status"] if reply["status"] != 200 else 204, headers=headers)
    return Response(orjson.dumps(data), status_code=reply["status"], headers=headers, media_type="application/json")

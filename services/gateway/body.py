"""Reading a request's body: counted while it streams, and only of the media types a door takes."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from services.gateway.guard import LARGEST_BODY
from services.gateway.problems import header
from services.gateway.refusals import BodyTooLarge, UnsupportedMediaType

JSON_TYPES = frozenset({b"application/json"})


async def read(receive: Receive, scope: Mapping[str, Any]) -> bytes:
    """The whole body. Raises BodyTooLarge, or ClientDisconnect when nobody is there any more.

    The protocol holds the deadline: a body that does not come ends as a disconnect.
    """
    declared = header(scope, b"content-length")
    if declared and (len(declared) > 12 or int(declared) > LARGEST_BODY):
        raise BodyTooLarge
    message = await receive()
    body: bytes = message.get("body", b"")
    while message["type"] == "http.request" and message.get("more_body", False):
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    if len(body) > LARGEST_BODY:
        raise BodyTooLarge
    return body


def media_type(scope: Mapping[str, Any], accepted: frozenset[bytes] = JSON_TYPES) -> bytes:
    """The body's media type, one of `accepted`, in UTF-8 and not encoded. Raises UnsupportedMediaType."""
    sent = header(scope, b"content-type")
    if sent not in accepted:
        kind, _, parameters = sent.lower().partition(b";")
        sent = kind.strip()
        charset = parameters.replace(b" ", b"").replace(b'"', b"")
        if sent not in accepted or charset not in (b"", b"charset=utf-8", b"charset=utf8"):
            raise UnsupportedMediaType
    if header(scope, b"content-encoding").lower() not in (b"", b"identity"):
        raise UnsupportedMediaType
    return sent

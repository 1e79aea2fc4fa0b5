"""Pages of other origins that may ask (row H27), and what their browsers have to hear to let them (the Fetch standard).

No credentials of a browser's own are ever allowed: a page sends its token itself; cookies of ours are for our pages.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.browsers import is_own_page
from services.gateway.problems import header

_TOLD = b"Content-Disposition, ETag, Idempotent-Replay, Location, Retry-After, WWW-Authenticate, X-Request-Id"
"""Headers of answers a page may read beside those every page may."""
_SENT = "Acting-Organization, Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, X-API-Key"
"""Headers a page may send beside those every page may."""
_REMEMBERED = "600"
"""Seconds a browser may go on without asking first again."""
Headers = list[tuple[bytes, bytes]]


class Origins:
    """`named` are those whose pages may ask beside the gateway's own; `https://lounge.example`, letter by letter."""

    def __init__(self, named: Collection[str]) -> None:
        self._named = frozenset(named)

    def may_ask(self, scope: Mapping[str, Any]) -> bool:
        """A browser names the page that asks; other clients send no Origin, and need none."""
        return not header(scope, b"origin") or self._is_named(scope) or is_own_page(scope)

    def asks_first(self, scope: Mapping[str, Any]) -> bool:
        """Whether a browser asks for a named page what it may send (a preflight)."""
        asked = scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method")
        return bool(asked) and self._is_named(scope)

    def headers(self, scope: Mapping[str, Any]) -> Headers:
        """What each answer carries: nothing where no origin is named."""
        if not self._named:
            return []
        vary = (b"vary", b"Origin")
        if not self._is_named(scope):
            return [vary]
        told = (b"access-control-expose-headers", _TOLD)
        return [vary, (b"access-control-allow-origin", header(scope, b"origin")), told]

    def _is_named(self, scope: Mapping[str, Any]) -> bool:
        return header(scope, b"origin").decode("latin-1") in self._named


class Preflight:
    """The answer to one who asks first about a path that offers `methods`."""

    def __init__(self, methods: Iterable[str]) -> None:
        self._methods = ", ".join(sorted(methods))

    async def answer(self, _: Request) -> Response:
        """204; whether the request itself is let in, its credential says."""
        headers = {
            "access-control-allow-methods": self._methods,
            "access-control-allow-headers": _SENT,
            "access-control-max-age": _REMEMBERED,
        }
        return Response(status_code=204, headers=headers)

"""Which browser asks, while somebody signs in with it: by a cookie that no page can read and no other site can set."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.problems import header

COOKIE = "__Host-lounge-browser"
"""The prefix binds it to this host, to https and to every path. Browsers take loopback addresses for safe too."""
_SECONDS = 600
"""As long as a sign-in may take."""
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Browser:
    """`value` is the cookie's; what leaves the gateway is its `digest`."""

    value: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.value.encode()).hexdigest()

    def remember(self, response: Response) -> None:
        """For the ten minutes from now."""
        response.set_cookie(COOKIE, self.value, max_age=_SECONDS, path="/", secure=True, httponly=True, samesite="lax")


def is_own_page(scope: Mapping[str, Any]) -> bool:
    """Whether a page of the gateway's own origin asks: those send their Origin with each POST, and get our cookies."""
    host = header(scope, b"host").decode("latin-1")
    return bool(host) and header(scope, b"origin").decode("latin-1").partition("://")[2] == host


def browser_of(request: Request) -> Browser:
    """The one that has our cookie, or one seen for the first time."""
    sent = request.cookies.get(COOKIE, "")
    return Browser(sent if _VALUE.fullmatch(sent) else secrets.token_urlsafe(32))

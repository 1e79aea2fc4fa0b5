"""`application/problem+json` (RFC 9457): how the gateway says no, and the page each code has."""

import functools
import html
import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.kernel.refusal import Refusal
from shared.kernel.text import Language, Text

RETRY_AFTER = {503: "1", 504: "1", 429: "1"}
_RESERVED = frozenset({"type", "title", "status", "detail", "code", "instance", "request_id", "retry_after"})
_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_INSTANCE = 512


@functools.lru_cache(maxsize=1_024)
def language_of(accept: bytes, otherwise: Language = "en") -> Language:
    """The better of Japanese and English by `Accept-Language`; what it cannot read it passes over."""
    found: list[tuple[float, int, Language]] = []
    for place, part in enumerate(accept[:512].decode("latin-1").lower().split(",")):
        tag, _, parameter = part.strip().partition(";")
        quality = _QUALITY.fullmatch(parameter.strip()) if parameter else None
        if parameter and quality is None:
            continue
        weight = float(quality[1]) if quality else 1.0
        primary = tag.strip().partition("-")[0]
        if weight > 0 and primary in ("ja", "en"):
            found.append((-weight, place, "ja" if primary == "ja" else "en"))
    return min(found)[2] if found else otherwise


def header(scope: Mapping[str, Any], name: bytes) -> bytes:
    """The first header of that lower-case name, or empty."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


def body_of(refusal: Refusal, *, instance: str, request_id: str, language: Language) -> bytes:
    """The problem document's bytes."""
    members = {k: v for k, v in refusal.members.items() if k not in _RESERVED}
    return orjson.dumps(
        {
            "type": f"/problems/{refusal.code}",
            "title": refusal.code.replace("-", " ").capitalize(),
            "status": refusal.status,
            "detail": refusal.text.best(language),
            "code": refusal.code,
            "instance": instance[:_LONGEST_INSTANCE],
            "request_id": request_id,
            **members,
        },
        default=str,
    )


def headers_of(refusal: Refusal, language: Language) -> dict[str, str]:
    """The response headers a refusal brings beside its body."""
    headers = {"content-language": language, "cache-control": "no-store"}
    if refusal.status in RETRY_AFTER:
        headers["retry-after"] = str(refusal.members.get("retry_after", RETRY_AFTER[refusal.status]))
    if refusal.status == 401:
        headers["www-authenticate"] = "Bearer"
    if allow := refusal.members.get("allow"):
        headers["allow"] = ", ".join(allow)
    return headers


def problem(refusal: Refusal, scope: Mapping[str, Any]) -> Response:
    """The answer to the request of `scope` that `refusal` gives."""
    language = language_of(header(scope, b"accept-language"))
    instance = scope.get("raw_path", b"").decode("latin-1")
    request_id = scope.get("state", {}).get("request_id", "")
    return Response(
        body_of(refusal, instance=instance, request_id=request_id, language=language),
        status_code=refusal.status,
        headers=headers_of(refusal, language),
        media_type="application/problem+json",
    )


class Catalogue:
    """What each code means, in both languages: the pages under /problems/."""

    def __init__(self, texts: Mapping[str, tuple[int, Text]]) -> None:
        self._texts = dict(texts)

    def learn(self, code: str, status: int, text: Text) -> None:
        """A code a service answered with; kept so that its page is there. Bounded."""
        if code not in self._texts and len(self._texts) < 1_000 and _SLUG.fullmatch(code):
            self._texts[code] = (status, text)

    async def page(self, request: Request) -> Response:
        """GET /problems/{code}: the same page for people of both languages."""
        code = request.path_params["code"]
        if code not in self._texts:
            return HTMLResponse(
                _page("No such problem", "", "その問題はありません。", "We know no problem of that name."), 404
            )
        status, text = self._texts[code]
        return HTMLResponse(_page(code, f"HTTP {status}", text.ja or "", text.en or ""))


def known_refusals() -> dict[str, tuple[int, Text]]:
    """Every refusal class loaded in this process, by code."""
    found: dict[str, tuple[int, Text]] = {}
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        each = waiting.pop()
        waiting.extend(each.__subclasses__())
        found.setdefault(each.code, (each.status, each.message))
    return found


def _page(code: str, status: str, japanese: str, english: str) -> str:
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<title>{html.escape(code)}</title><h1>{html.escape(code)}</h1><p>{html.escape(status)}</p>"
        f"<p lang='ja'>{html.escape(japanese)}</p><p lang='en'>{html.escape(english)}</p></html>"
    )

"""`application/problem+json` (RFC 9457): how the gateway says no, and the page each code has."""

import functools
import html
import importlib.resources
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
    for place, (tag, weight) in enumerate(weighed(accept).items()):
        primary = tag.partition("-")[0]
        if weight > 0 and primary in ("ja", "en"):
            found.append((-weight, place, "ja" if primary == "ja" else "en"))
    return min(found)[2] if found else otherwise


def weighed(accept: bytes) -> dict[str, float]:
    """What an `Accept` header names, in lower case, each with its weight; in order, without what cannot be read."""
    found: dict[str, float] = {}
    for part in accept[:512].decode("latin-1").lower().split(","):
        name, _, parameter = part.strip().partition(";")
        quality = _QUALITY.fullmatch(parameter.strip()) if parameter else None
        if quality is not None or not parameter:
            found.setdefault(name.strip(), float(quality[1]) if quality else 1.0)
    return found


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
            return _shown(
                _page("No such problem", "", "その問題はありません。", "We know no problem of that name."), 404
            )
        status, text = self._texts[code]
        return _shown(_page(code, f"HTTP {status}", text.ja or "", text.en or ""))


def known_refusals() -> dict[str, tuple[int, Text]]:
    """Every refusal class loaded in this process, by code; where two share one, the first by module and name."""
    classes: set[type[Refusal]] = set()
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        each = waiting.pop()
        classes.add(each)
        waiting.extend(each.__subclasses__())
    found: dict[str, tuple[int, Text]] = {}
    for each in sorted(classes, key=lambda known: (known.__module__, known.__qualname__)):
        found.setdefault(each.code, (each.status, each.message))
    return found


def written_catalogue() -> dict[str, tuple[int, Text]]:
    """`codes.json` beside this file: the refusals of every part, as `python -m tools.problem_codes` writes them."""
    written = orjson.loads(importlib.resources.files(__package__).joinpath("codes.json").read_bytes())
    return {code: (each["status"], Text(each["ja"], each["en"])) for code, each in written.items()}


def _shown(page: str, status: int = 200) -> Response:
    headers = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff"}
    return HTMLResponse(page, status, headers)


def _page(code: str, status: str, japanese: str, english: str) -> str:
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<title>{html.escape(code)}</title><h1>{html.escape(code)}</h1><p>{html.escape(status)}</p>"
        f"<p lang='ja'>{html.escape(japanese)}</p><p lang='en'>{html.escape(english)}</p></html>"
    )

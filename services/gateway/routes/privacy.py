"""A person's data out: from every service one JSON, or a page to read; and that they are forgotten."""

import asyncio
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.gateway.auth import Asker
from services.gateway.calls import Call
from services.gateway.doors import Door, Paper
from services.gateway.forward import Forwarder, Gate
from services.gateway.personal_page import page
from services.gateway.policy import SESSION, STAFF
from services.gateway.problems import header, language_of
from services.gateway.reading import no_parameters, path_fields
from services.gateway.sheet import is_wanted
from shared.contracts.booking import PersonalDataInBooking
from shared.contracts.events import PersonalDataInEvents
from shared.contracts.members import EraseMember, GetErasure, PersonalDataInMembers
from shared.contracts.notify import PersonalDataInNotify
from shared.contracts.privacy import ExportView
from shared.kernel.time import shown, zone_of

_HTML = "text/html"
_OWNER = ("members", PersonalDataInMembers.wire)
_OTHERS = (
    ("booking", PersonalDataInBooking.wire),
    ("events", PersonalDataInEvents.wire),
    ("notify", PersonalDataInNotify.wire),
)
_EXPORT = Call(
    method="GET",
    path="/v1/members/{id}/export",
    summary="All that is kept about a person, for them and for staff; as text/html to read",
    ask=PersonalDataInMembers,
    policy=SESSION,
    fills={"id": "member"},
)
CALLS = (
    Call(
        method="POST",
        path="/v1/members/{id}/erase",
        summary="Forget a person everywhere; oneself within fifteen minutes of signing in",
        ask=EraseMember,
        policy=SESSION,
        key="optional",
        if_match="optional",
        status=202,
        session="session",
    ),
    Call(
        method="GET",
        path="/v1/members/{id}/erasure",
        summary="How far an erasure is; when complete, its certificate",
        ask=GetErasure,
        policy=STAFF.within("members:read"),
    ),
)


class Export:
    """GET /v1/members/{id}/export."""

    def __init__(self, forwarder: Forwarder, gate: Gate) -> None:
        self._forwarder = forwarder
        self._gate = gate

    def door(self) -> Door:
        paper = Paper(summary=_EXPORT.summary, tag="members", reply=ExportView, also=(_HTML,))
        return Door(method="GET", path=_EXPORT.path, policy=_EXPORT.policy, answer=self.answer, paper=paper)

    async def answer(self, request: Request) -> Response:
        """Members says first whether there is such a person for the asker. Raises its refusals, UnknownParameter."""
        asker = await self._gate.pass_in(request, _EXPORT.policy)
        no_parameters(request)
        member = path_fields(request, _EXPORT)["member"]
        first = await self._kept(_OWNER, member, asker, request)
        rest = await asyncio.gather(*(self._kept(each, member, asker, request) for each in _OTHERS))
        at = shown(self._gate.clock.now(), zone_of("UTC"))
        export = {"member": member, "exported_at": at, "services": [first, *rest]}
        headers = {"cache-control": "no-store", "vary": "Accept, Accept-Language"}
        if not is_wanted(header(request.scope, b"accept"), _HTML):
            return Response(orjson.dumps(export), headers=headers, media_type="application/json")
        language = language_of(header(request.scope, b"accept-language"), asker.principal.language)
        headers |= {"content-language": language, "x-content-type-options": "nosniff"}
        headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(page(export, language), headers=headers)

    async def _kept(self, of: tuple[str, str], member: str, asker: Asker, request: Request) -> dict[str, Any]:
        """All pages of one service, each kind of thing once."""
        (service, subject), after = of, None
        sections: dict[str, dict[str, Any]] = {}
        while True:
            asked = {"member": member} | ({"after": after} if after else {})
            data = (await self._forwarder.ask(subject, orjson.dumps(asked), asker, request))["data"]
            for each in data["sections"]:
                sections.setdefault(each["key"], each | {"rows": []})["rows"] += each["rows"]
            if (after := data["next"]) is None:
                return {"service": service, "sections": list(sections.values())}

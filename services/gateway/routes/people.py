"""The list of people: a page of it as JSON, or all of it as a sheet for those who keep one in a spreadsheet."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth import Asker
from services.gateway.calls import Call
from services.gateway.doors import Door
from services.gateway.forward import Forwarder, Gate
from services.gateway.policy import ADMIN, SIGNED_IN
from services.gateway.problems import header
from services.gateway.reading import judged, no_parameters
from services.gateway.refusals import SheetTooLong
from services.gateway.sheet import BYTE_ORDER_MARK, MEDIA, SheetResponse, is_wanted, lines
from shared.contracts.members import CountMembers, ListMembers, ListOrganizations
from shared.kernel.text import Language, Text

MOST_ROWS = 20_000
_PAGE = 100
_SCOPE = "members:read"
_CALL = Call(
    method="GET",
    path="/v1/members",
    summary="People I may see, found by the start of a name or address; as text/csv for staff and admins",
    ask=ListMembers,
    policy=SIGNED_IN.within(_SCOPE),
)
_ASKED = frozenset({"q", "organization", "sort"})
_HEADS: Mapping[Language, tuple[str, ...]] = {
    "ja": (
        *("ID", "姓", "名", "姓（かな）", "名（かな）", "ローマ字", "宛名", "メールアドレス", "所属", "権限"),
        *("拠点", "言語", "タイムゾーン", "有効", "登録日時"),
    ),
    "en": (
        *("ID", "Family name", "Given name", "Family name (kana)", "Given name (kana)", "Latin letters"),
        *("Addressed as", "E-mail", "Organization", "Roles", "Site", "Language", "Time zone", "Active", "Since"),
    ),
}
_YES_NO: Mapping[Language, tuple[str, str]] = {"ja": ("はい", "いいえ"), "en": ("yes", "no")}


class People:
    """GET /v1/members."""

    def __init__(self, forwarder: Forwarder, gate: Gate) -> None:
        self._forwarder = forwarder
        self._gate = gate
        self._page = forwarder.answering(_CALL)

    def door(self) -> Door:
        """The list's; a sheet is the same list in another form."""
        door = self._forwarder.door(_CALL, tag="members")
        return replace(door, answer=self.answer, paper=replace(door.paper, also=(MEDIA,)))

    async def answer(self, request: Request) -> Response:
        """A page; or, where CSV is asked for, everybody. Raises SheetTooLong above MOST_ROWS, UnknownParameter."""
        if not is_wanted(header(request.scope, b"accept")):
            return await self._page(request)
        asker = await self._gate.pass_in(request, ADMIN.within(_SCOPE))
        asked = no_parameters(request, _ASKED)
        judged(_CALL.ask, orjson.dumps(asked), asked, request, flat=True)
        wish = {name: text for name, text in asked.items() if name != "sort"}
        most = orjson.dumps(wish | {"most": MOST_ROWS + 1})
        if (await self._forwarder.ask(CountMembers.wire, most, asker, request))["data"]["count"] > MOST_ROWS:
            raise SheetTooLong(most=MOST_ROWS)
        names = await self._organizations(asker, request)
        return SheetResponse(self._parts(wish, names, asker, request), "members")

    async def _parts(
        self, wish: dict[str, str], names: Mapping[str, str], asker: Asker, request: Request
    ) -> AsyncIterator[bytes]:
        language = asker.principal.language
        yield BYTE_ORDER_MARK.encode() + lines([_HEADS[language]])
        async for page in self._pages(ListMembers.wire, wish, asker, request):
            yield lines(_row(person, names, language) for person in page)

    async def _organizations(self, asker: Asker, request: Request) -> dict[str, str]:
        """The names of those the asker may see, by id."""
        language = asker.principal.language
        pages = self._pages(ListOrganizations.wire, {}, asker, request)
        return {each["id"]: Text(**each["name"]).best(language) async for page in pages for each in page}

    async def _pages(
        self, subject: str, wish: dict[str, str], asker: Asker, request: Request
    ) -> AsyncIterator[list[dict[str, Any]]]:
        asked: dict[str, Any] = wish | {"limit": _PAGE}
        while not await request.is_disconnected():
            page = (await self._forwarder.ask(subject, orjson.dumps(asked), asker, request))["data"]
            yield page["items"]
            if page["next"] is None:
                return
            asked["after"] = page["next"]


def _row(person: dict[str, Any], names: Mapping[str, str], language: Language) -> list[str]:
    name, home = person["name"], person["organization"]
    written = [name[part] or "" for part in ("family", "given", "family_kana", "given_kana", "latin")]
    more = [person["site"] or "", person["language"], person["time_zone"]]
    active = _YES_NO[language][0 if person["active"] else 1]
    addressed = (person.get("addressed") or {}).get(language) or ""
    return [
        *(person["id"], *written, addressed, person["email"], names.get(home, home), " ".join(person["roles"])),
        *(*more, active, person["created_at"]),
    ]

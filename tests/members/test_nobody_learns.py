"""Nobody learns at the door who is a member: any address costs the same, and is answered the same, byte by byte.

Not by the clock: what a request costs is counted, in commands to MongoDB and messages to NATS, whatever they take.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import orjson
import pytest

from shared.contracts import members as contract
from shared.contracts.notify import SendSignInCode
from tests.members.conftest import House, Houses
from tests.members.people import person
from tests.members.signing_in import HANAKO, hanako
from tests.members.test_through_gateway import gateway
from tests.support.costs import Costs, counted, shape
from tests.support.servers import Servers

UNKNOWN, LEFT, ERASED = "nobody@bio.example", "tanaka@bio.example", "kimura@bio.example"
EVERYBODY = (HANAKO, UNKNOWN, LEFT, ERASED)
PROXIED = {"trusted_proxies": '["127.0.0.0/8"]'}
"""Each asks from a network of their own, of which nothing is counted yet."""
ORGANIZATION = "somebody-elses-organization"
_OWN = {b"x-request-id", b"date"}
_COOKIE = re.compile(rb"(?<=__Host-lounge-browser=)[\w-]+")
_numbers = count(1)


@dataclass(frozen=True)
class Step:
    """One request at the door, and the status it gets, whoever's address it names."""

    path: str
    status: int
    body: dict[str, Any]
    by_a_page: bool = False


CODE = Step("/v1/auth/codes", 202, {})
CODE_TO_A_PAGE = Step("/v1/auth/codes", 202, {"language": "en"}, by_a_page=True)
NO_MORE_CODES = Step("/v1/auth/codes", 429, {})
NOBODY_MAILS = Step("/v1/auth/codes", 503, {})
WRONG = Step("/v1/auth/sessions", 401, {"code": "00000000"})
WRONG_FOR_ANOTHER = Step("/v1/auth/sessions", 401, {"code": "00000000", "organization": ORGANIZATION})
WRONG_IN_A_PAGE = Step("/v1/auth/sessions", 401, {"code": "00000000"}, by_a_page=True)
NO_MORE_GUESSES = Step("/v1/auth/sessions", 429, {"code": "00000000"})
WAY = (
    *(WRONG, CODE, WRONG, WRONG_FOR_ANOTHER, WRONG_IN_A_PAGE, WRONG, WRONG, NO_MORE_GUESSES),
    *(CODE_TO_A_PAGE, WRONG_IN_A_PAGE, CODE, NO_MORE_CODES, WRONG),
)
"""Before any code, with one, five guesses and a sixth, another code, a third, and one too many."""


async def knocked(client: httpx.AsyncClient, step: Step, email: str, costs: Costs) -> tuple[bytes, Any, Any]:
    """The answer as it came, the commands it took, and the messages; ids and what is drawn by chance left out."""
    request_id = f"knock-{next(_numbers):05d}"
    headers = {"X-Request-Id": request_id, "X-Forwarded-For": f"203.0.113.{EVERYBODY.index(email)}"}
    headers |= {"Origin": str(client.base_url).rstrip("/")} if step.by_a_page else {}
    answer = await client.post(step.path, json={"email": email, **step.body}, headers=headers)
    assert answer.status_code == step.status, answer.text
    told = [b"%b: %b" % pair for pair in answer.headers.raw if pair[0].lower() not in _OWN]
    whole = b"\r\n".join([b"%d" % answer.status_code, *told, b"", answer.content])
    own = whole.replace(request_id.encode(), b"knock-*****")
    return _COOKIE.sub(b"*", own), costs.commands[request_id], _said(costs.messages(request_id), email)


def _said(messages: list[tuple[str, bytes]], email: str) -> list[Any]:
    """What was sent: a reply whole; of a command what kind of thing it says, without address, code and ids."""
    said = list[Any]()
    for subject, payload in messages:
        content = orjson.loads(payload)
        if subject == SendSignInCode.wire:
            data = content["data"]
            assert (data.pop("email"), len(data.pop("code") or "x" * 8)) == (email, 8)
            said.append((subject, shape(content), data["expires_at"], content["principal"]))
        else:
            assert subject.startswith("_INBOX"), subject
            said.append(("reply", len(payload), content))
    return said


async def ready(house: House) -> None:
    """One who is a member, one who has left, one who was erased; of one nobody ever heard."""
    member = await hanako(house)
    for email in (LEFT, ERASED):
        other = await house.done(person(member["organization"], email))
        if email == LEFT:
            await house.done(contract.UpdateMember(id=other["id"], active=False))
        else:
            await house.done(contract.EraseMember(id=other["id"], reason="She asked by letter."))


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_each_step_at_the_door_costs_and_answers_the_same_for_any_address(
    houses: Houses, servers: Servers, driver: str
) -> None:
    with counted() as costs:
        async with houses(mongo_driver=driver) as house, gateway(servers, house, **PROXIED) as client:
            await ready(house)
            costs.watch(house.service)
            for number, step in enumerate(WAY):
                found = {email: await knocked(client, step, email, costs) for email in EVERYBODY}
                for email, (answer, commands, messages) in found.items():
                    assert answer == found[UNKNOWN][0], (number, email)
                    assert commands == found[UNKNOWN][1], (number, email)
                    assert messages == found[UNKNOWN][2], (number, email)
                _, commands, messages = found[HANAKO]
                asks = step.path.endswith("codes")
                read = {collection for _, collection, _ in commands}
                assert {"members", "sign_ins"} | ({"sign_in_clients"} if asks else set()) == read, number
                assert len(messages) == (2 if step is CODE or step is CODE_TO_A_PAGE else 1), number
            assert [mail.code is not None for mail in house.notify.asked] == [True, False, False, False] * 3


async def test_and_where_nobody_takes_the_mail(houses: Houses, servers: Servers) -> None:
    with counted() as costs:
        async with houses() as house, gateway(servers, house, **PROXIED) as client:
            await ready(house)
            costs.watch(house.service)
            await house.notify.leave()
            found = {email: await knocked(client, NOBODY_MAILS, email, costs) for email in EVERYBODY}
            assert [each for each in found.values() if each != found[UNKNOWN]] == []
            assert len(found[HANAKO][1]) > 4, "what was counted is taken back"
            await house.notify.listen()
            house.wall.forward(timedelta(seconds=1))
            found = {email: await knocked(client, CODE, email, costs) for email in EVERYBODY}
            assert [each for each in found.values() if each != found[UNKNOWN]] == []


async def test_what_is_counted_tells_one_request_from_another(houses: Houses, servers: Servers) -> None:
    """Else the tests above would find everything equal."""
    with counted() as costs:
        async with houses() as house, gateway(servers, house, **PROXIED) as client:
            await ready(house)
            costs.watch(house.service)
            code, wrong = [await knocked(client, step, HANAKO, costs) for step in (CODE, WRONG)]
            right = Step("/v1/auth/sessions", 201, {"code": house.notify.code()})
            opened = await knocked(client, right, HANAKO, costs)
            assert len({repr(each) for each in (code[1], wrong[1], opened[1])}) == 3
            assert len(opened[1]) > len(wrong[1]), "a session is written"

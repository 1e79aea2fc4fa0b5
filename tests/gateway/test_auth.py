"""The authenticator by itself: what it asks members when credentials come that it does not know."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from services.gateway import auth
from services.gateway.auth import OURSELVES, Asker, Authenticator
from services.gateway.refusals import Unauthenticated
from shared.contracts.members import Jwks, RevokedSessions
from shared.kernel.refusal import Refusal
from shared.kit.clock import SystemClock
from shared.kit.health import Health
from shared.kit.nats.request import TimedOut, Unavailable
from tests.gateway.fakes import KEY, KID, token

FORGED = OKPKey.generate_key("Ed25519")
KEYS = {"keys": [{**KEY.as_dict(private=False), "alg": "EdDSA", "use": "sig", "kid": KID}]}


class Members:
    """Answers by `told`, by wire name; what is not there hangs until `end`, and has timed out then."""

    def __init__(self) -> None:
        self.told: dict[str, Callable[[], Any]] = {Jwks.wire: lambda: KEYS}
        self.asked: list[str] = []
        self.end = asyncio.Event()

    async def request(self, asked: Any, **_: Any) -> Any:
        self.asked.append(asked.wire)
        if asked.wire in self.told:
            return self.told[asked.wire]()
        await self.end.wait()
        raise TimedOut


def forged(number: int) -> dict[str, Any]:
    """A request with a token whose key nobody published."""
    bearer = f"Bearer {token(key=FORGED, header={'kid': f'forged-{number}'})}"
    return {"headers": [(b"authorization", bearer.encode())]}


async def asked(authenticator: Authenticator, scope: dict[str, Any]) -> str:
    try:
        await authenticator.of(scope, now=SystemClock().now().timestamp())
    except Refusal as refusal:
        return refusal.code
    return "let in"


@pytest.mark.parametrize("has_keys", [True, False])
async def test_while_members_hangs_all_who_bring_unknown_keys_wait_for_one_try_alone(
    has_keys: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_REFETCH_SECONDS", 0)
    members = Members()
    authenticator = Authenticator(members, Health())  # type: ignore[arg-type]  # the one method it calls
    if has_keys:
        await authenticator.refresh_keys()
    del members.told[Jwks.wire]
    members.asked.clear()
    waiting = [asyncio.create_task(asked(authenticator, forged(n))) for n in range(50)]
    await asyncio.sleep(0)
    members.end.set()
    answers = await asyncio.gather(*waiting)
    assert members.asked == [Jwks.wire]
    rest = Unauthenticated.code if has_keys else Unavailable.code
    assert sorted(answers) == sorted([TimedOut.code] + [rest] * 49)


async def test_a_try_that_failed_is_one_too_and_the_next_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    members = Members()
    authenticator = Authenticator(members, Health())  # type: ignore[arg-type]  # the one method it calls
    await authenticator.refresh_keys()
    del members.told[Jwks.wire]
    members.asked.clear()
    monkeypatch.setattr(auth, "_REFETCH_SECONDS", 0)
    members.end.set()
    assert await asked(authenticator, forged(1)) == TimedOut.code
    monkeypatch.undo()
    assert await asked(authenticator, forged(2)) == Unauthenticated.code
    assert members.asked == [Jwks.wire]


async def test_before_members_is_asked_about_a_credential_never_seen_the_guess_may_be_stopped() -> None:
    members = Members()
    authenticator = Authenticator(members, Health())  # type: ignore[arg-type]  # the one method it calls

    def stop() -> None:
        raise Unavailable

    for scope in (forged(1), {"headers": [(b"x-api-key", b"lk_" + b"g" * 40)]}):
        with pytest.raises(Unavailable):
            await authenticator.of(scope, now=SystemClock().now().timestamp(), before_asking=stop)
    assert members.asked == []


async def test_every_page_of_the_ended_sessions_is_read() -> None:
    members = Members()
    authenticator = Authenticator(members, Health())  # type: ignore[arg-type]  # the one method it calls
    pages = iter([{"sessions": ["s1", "s2"], "next": "s2"}, {"sessions": ["s3"], "next": None}])
    members.told[RevokedSessions.wire] = lambda: next(pages)
    await authenticator.refresh_revoked()
    sessions = [Asker(OURSELVES, float("inf"), f"s{n}") for n in range(1, 5)]
    assert [authenticator.still_good(each, now=0) for each in sessions] == [False, False, False, True]


async def test_a_session_ended_here_stays_over_when_an_answer_from_before_comes_in() -> None:
    members = Members()
    authenticator = Authenticator(members, Health())  # type: ignore[arg-type]  # the one method it calls
    here = Asker(OURSELVES, float("inf"), "here")

    def ended_meanwhile() -> Any:
        authenticator.forget("here")
        return {"sessions": []}

    members.told[RevokedSessions.wire] = ended_meanwhile
    await authenticator.refresh_revoked()
    assert not authenticator.still_good(here, now=0)
    members.told[RevokedSessions.wire] = lambda: {"sessions": []}
    await authenticator.refresh_revoked()
    assert not authenticator.still_good(here, now=0)

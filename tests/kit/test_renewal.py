"""Another key in the seed file: the replica signs in with it, and no question in flight is lost by that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.nats.keys import write_private
from deploy.nats.system import SystemAccount, system_account
from shared.contracts.message import Answer, Asked
from shared.kit.answers import answer
from shared.kit.nats import renewal
from shared.kit.nats.renewal import Renewal
from shared.kit.nats.turnstile import Turnstile
from shared.kit.service import Service
from tests.kit.conftest import make_service
from tests.support.asking import ANA, calling
from tests.support.servers import Servers
from tests.support.things import MakeThing
from tests.support.waiting import until

SLOW_SECONDS = 0.3


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(renewal, "SPREAD_SECONDS", 0.05)


@asynccontextmanager
async def rotating(servers: Servers) -> AsyncIterator[SystemAccount]:
    """The server takes another key of booking's too, and no longer afterwards."""
    async with system_account(servers.nats_url, servers.seed_file("monitor")) as system:
        servers.keys.successor("booking")
        servers.nats.write_config()
        await system.reload()
        try:
            yield system
        finally:
            servers.keys.switch("booking")
            servers.keys.withdraw("booking")
            servers.nats.write_config()
            async with system_account(servers.nats_url, servers.seed_file("monitor")) as again:
                await again.reload()


def slow(servers: Servers, seed_file: Path) -> tuple[Service, list[str]]:
    """A replica that takes its time over each thing, and what it was asked."""
    service, asked = make_service(servers, nats_seed_file=seed_file), []

    async def make(ask: Asked[MakeThing]) -> Answer:
        asked.append(ask.key or "")
        await asyncio.sleep(SLOW_SECONDS)  # what it does takes so long
        return answer({"id": ask.data.name}, status=201, replay=False)  # type: ignore[arg-type] # any view

    service.command(MakeThing)(make)
    return service, asked


def key_of(service: Service) -> str:
    key: str = service.broker.config.connection_state.connection._public_nkey
    return key


async def test_a_replica_changes_over_and_what_it_had_in_hand_is_answered(clean: Servers, tmp_path: Path) -> None:
    seed = tmp_path / "booking.nk"
    write_private(seed, clean.seed_file("booking").read_text())
    service, asked = slow(clean, seed)
    async with rotating(clean) as system, service.running(), calling(clean) as caller:
        former, coming = clean.keys.accepted("booking")
        assert key_of(service) == former
        answers = [ask(caller, f"k{n}") for n in range(5)]
        await until(lambda: len(asked) == 5)
        write_private(seed, clean.keys.successor("booking").read_text())
        assert [(await each)["id"] for each in answers] == [f"k{n}" for n in range(5)]
        await until(lambda: key_of(service) == coming and service.health.ready)
        assert former not in await system.in_use()
        assert (await ask(caller, "after"))["id"] == "after"
    assert sorted(asked) == sorted([*(f"k{n}" for n in range(5)), "after"]), "asked once each"


async def test_a_key_the_server_does_not_take_yet_is_not_signed_in_with(clean: Servers, tmp_path: Path) -> None:
    seed = tmp_path / "booking.nk"
    write_private(seed, clean.seed_file("booking").read_text())
    service, _ = slow(clean, seed)
    async with service.running(), calling(clean) as caller:
        client, tries = service.broker.config.connection_state.connection, list[bool]()
        opens = Renewal._opens

        async def looked(self: Renewal, file: Path) -> bool:
            tries.append(await opens(self, file))
            return tries[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Renewal, "_opens", looked)
            write_private(seed, clean.seed_file("stranger").read_text())
            await until(lambda: tries[:2] == [False, False])
            assert client.stats["reconnects"] == 0
            assert service.health.ready
            async with rotating(clean):
                write_private(seed, clean.keys.successor("booking").read_text())
                await until(lambda: client.stats["reconnects"] == 1 and service.health.ready)
                assert (await ask(caller, "later"))["id"] == "later"


async def test_a_reconnect_in_the_middle_takes_the_key_that_stands_in_the_file(clean: Servers, tmp_path: Path) -> None:
    """A server that dies between the two steps of a rotation finds its clients with either key."""
    seed = tmp_path / "booking.nk"
    write_private(seed, clean.seed_file("booking").read_text())
    service, _ = slow(clean, seed)
    async with rotating(clean), service.running():
        coming = clean.keys.accepted("booking")[1]
        clean.kill_nats()
        write_private(seed, clean.keys.successor("booking").read_text())
        clean.restart_nats()
        await until(lambda: service.health.ready and key_of(service) == coming)


async def test_who_asks_while_it_is_shut_waits_and_it_shuts_when_all_have_left() -> None:
    turnstile, order = Turnstile(), list[str]()

    async def passing(name: str, leave: asyncio.Event) -> None:
        await turnstile.enter()
        order.append(f"{name} in")
        await leave.wait()
        order.append(f"{name} out")
        turnstile.leave()

    first, second = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(passing("first", first))]
    await until(lambda: order == ["first in"])

    async def change() -> None:
        async with turnstile.shut(5):
            order.append("shut")

    tasks.append(asyncio.create_task(change()))
    await asyncio.sleep(0)
    second.set()
    tasks.append(asyncio.create_task(passing("second", second)))
    await asyncio.sleep(0)
    first.set()
    await asyncio.gather(*tasks)
    assert order == ["first in", "first out", "shut", "second in", "second out"]


async def test_one_that_never_leaves_does_not_keep_it_open_for_ever() -> None:
    turnstile = Turnstile()
    await turnstile.enter()
    async with turnstile.shut(0.01):
        pass
    await turnstile.enter()


def ask(caller: Any, name: str) -> "asyncio.Task[Any]":
    return asyncio.create_task(caller.request(MakeThing(name=name), principal=ANA, key=name))

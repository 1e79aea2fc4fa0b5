"""New nkeys for old, while everything runs: the server takes both, the processes change over, the old one goes.

Each step is a file in the key folder, so whoever stops in the middle begins again where they were.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from deploy.installed import Installed, opens, reload
from deploy.nats.server import identities
from deploy.nats.system import system_account
from deploy.trouble import NotDone
from deploy.waiting import until

_SOON = 15.0
_LOOK_EVERY = 0.2
Say = Callable[[str], None]


def known(place: Installed) -> list[str]:
    """Everybody who has a key here."""
    return identities(place.keys.sites())


def shown(place: Installed) -> list[dict[str, Any]]:
    """`{name, public, former}` of each key; `former` is one that still opens the server."""
    keys = place.keys
    return [{"name": name, "public": keys.public(name), "former": keys.former(name)} for name in known(place)]


async def begin(place: Installed, names: Sequence[str]) -> None:
    """Both keys open the server when this returns, and the new one is where the processes read it. Raises NotDone.

    A rotation of theirs that was begun before is gone on with.
    """
    fresh = [name for name in names if place.keys.former(name) is None]
    seeds = [place.keys.successor(name).read_text().strip() for name in fresh]
    await reload(place)
    for name, seed in zip(fresh, seeds, strict=True):
        await soon(lambda seed=seed: opens(place.url, seed), f"the new key of {name} does not open the server")  # type: ignore[misc] # seed bound early
    for name in names:
        place.keys.switch(name)
        place.hand(name)


async def changed_over(place: Installed, names: Sequence[str], *, seconds: float) -> None:
    """Returns when nobody is signed in with a former key of these. Raises NotDone naming who still is."""
    end = time.monotonic() + seconds
    while left := await users_of_former(place, names):
        if time.monotonic() > end:
            who = "; ".join(f"{name}: {', '.join(sorted(each))}" for name, each in left.items())
            raise NotDone(
                f"After {seconds:g} s a former key is still in use ({who}). Both keys stay valid: mend what keeps these"
                " from the new one and say it again, or cut them off with --now.",
                code="still-in-use",
            )
        await asyncio.sleep(_LOOK_EVERY)


async def users_of_former(place: Installed, names: Sequence[str]) -> dict[str, list[str]]:
    """By name, the connections that are signed in with its former key."""
    async with system_account(place.url, place.keys.seed_file("monitor")) as system:
        in_use = await system.in_use()
    former = {name: in_use.get(place.keys.former(name) or "", []) for name in names}
    return {name: users for name, users in former.items() if users}


async def end(place: Installed, names: Sequence[str]) -> list[str]:
    """The former keys open nothing when this returns, and whoever was in with one is out; the names that had one."""
    had = [(name, former) for name in names if (former := place.keys.former(name)) is not None]
    for name, _ in had:
        place.keys.withdraw(name)
    await reload(place)
    async with system_account(place.url, place.keys.seed_file("monitor")) as system:

        async def shut() -> bool:
            in_use = await system.in_use()
            return not any(in_use.get(former) for _, former in had)

        await soon(shut, "a former key is still in use")
    return [name for name, _ in had]


async def rotate(place: Installed, names: Sequence[str], say: Say, *, patience: float) -> list[dict[str, Any]]:
    """All of it. Waits `patience` seconds for those who use a former key; at 0 they are cut off. Raises NotDone."""
    before = {name: place.keys.public(name) for name in names}
    say("Letting the server take the new keys")
    await begin(place, names)
    if patience:
        say("Waiting for every process to change over")
        await changed_over(place, names, seconds=patience)
    say("Withdrawing the former keys")
    await end(place, names)
    return [{"name": name, "public": place.keys.public(name), "withdrawn": before[name]} for name in names]


async def soon(holds: Callable[[], Awaitable[bool]], complaint: str, *, seconds: float = _SOON) -> None:
    """Returns once it holds. Raises NotDone with the complaint."""
    try:
        await until(holds, seconds=seconds)
    except TimeoutError:
        raise NotDone(f"After {seconds:g} s {complaint}.", code="timed-out") from None

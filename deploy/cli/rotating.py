"""What `lounge keys` does."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy import rotation
from deploy.cli.finding import ops_of
from deploy.installed import installed
from deploy.trouble import CannotStart
from deploy.waiting import busy
from shared.contracts.members import RotateSigningKeys


def listed(data: Path) -> list[dict[str, Any]]:
    """`{name, public, former}` of each identity."""
    return rotation.shown(installed(data))


def rotated(data: Path, names: Sequence[str] | None, *, patience: float) -> list[dict[str, Any]]:
    """`{name, public, withdrawn}` of each; with a patience of 0 s whoever uses a former key is cut off.

    Raises CannotStart for a name nobody has, NotDone.
    """
    place = installed(data)
    ours = [name for name in rotation.known(place) if not name.startswith("site-")]
    wanted = list(dict.fromkeys(names)) if names else ours
    for name in wanted:
        if name.startswith("site-") and name in rotation.known(place):
            site = name.removeprefix("site-")
            raise CannotStart(f"The key of {site} is in its own hands: `lounge site rotate {site}` makes it another.")
        if name not in ours:
            raise CannotStart(f"Nobody has the name {name!r} here; these have: {', '.join(ours)}.")
    with busy("Making new keys") as say:
        return asyncio.run(rotation.rotate(place, wanted, say, patience=patience))


def signing(data: Path) -> list[dict[str, Any]]:
    """`{kid, x}` of every key a verifier is to know, the next one last."""

    async def work() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            keys: list[dict[str, Any]] = (await ops.ask(RotateSigningKeys()))["keys"]
            return [{"kid": key["kid"], "x": key["x"]} for key in keys]

    return asyncio.run(work())

"""Which running system a command speaks to: the one of a data folder, or the one the environment names."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deploy.embedded.folder import DataFolder, read_run
from deploy.ops import Ops, connected
from deploy.trouble import CannotStart
from shared.kernel.refusal import Refusal
from shared.kernel.time import Clock
from shared.kit.clock import clock_of

M = TypeVar("M", bound=BaseModel)


def worded(model: type[M], **fields: Any) -> M:
    """A command made of what was typed. Raises CannotStart with the sentence that says what is wrong with it."""
    try:
        return model(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise CannotStart(f"{where} {first['input']!r} will not do: {first['msg']}.") from None
    except Refusal as refusal:
        raise CannotStart(refusal.text.best("en")) from None


def clock() -> Clock:
    return clock_of(os.environ.get("LOUNGE_CLOCK", "system"))


def by_environment() -> bool:
    """LOUNGE_NATS_URL and LOUNGE_NATS_SEED_FILE (the ops key's) are set."""
    return {"LOUNGE_NATS_URL", "LOUNGE_NATS_SEED_FILE"} <= os.environ.keys()


@asynccontextmanager
async def ops_of(data: Path) -> AsyncIterator[Ops]:
    """A connection with the key `ops`. Raises NotRunning or NotDone."""
    if by_environment():
        url, seed = os.environ["LOUNGE_NATS_URL"], Path(os.environ["LOUNGE_NATS_SEED_FILE"])
    else:
        url, seed = read_run(data)["nats"], DataFolder(data).keys.seed_file("ops")
    async with connected(url, seed, clock()) as ops:
        yield ops

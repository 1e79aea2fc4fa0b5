"""From what a handler returns or raises to the reply on the wire."""

from typing import Any

import orjson
from pydantic import BaseModel

from shared.contracts.message import Answer, BilingualView, Problem
from shared.kernel.refusal import Refusal


def answer(view: BaseModel | None, *, status: int = 200, replay: bool = False) -> Answer:
    """A success: `view` is a contract view."""
    return Answer(status=status, replay=replay, data=view)


def refused(refusal: Refusal) -> Answer:
    """A refusal, in both languages."""
    problem = Problem(
        code=refusal.code,
        status=refusal.status,
        message=BilingualView(ja=refusal.text.ja, en=refusal.text.en),
        members=dict(refusal.members),
    )
    return Answer(status=refusal.status, problem=problem)


def dumped(reply: Answer) -> bytes:
    """The reply's bytes; `data` is written by its own model, so a view is serialized once."""
    body: dict[str, Any] = {"status": reply.status, "replay": reply.replay}
    if reply.problem is not None:
        body["problem"] = reply.problem.model_dump(mode="json")
    else:
        data = reply.data
        body["data"] = orjson.Fragment(data.model_dump_json(by_alias=True)) if isinstance(data, BaseModel) else data
    return orjson.dumps(body)

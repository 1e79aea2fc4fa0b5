"""From what a handler returns or raises to the reply on the wire."""

from typing import Any

import orjson
from pydantic import BaseModel

from shared.contracts.message import Answer, BilingualView, Problem
from shared.kernel.refusal import Refusal

Written = orjson.Fragment
"""A view as its bytes, for all who get the same."""


def written(view: BaseModel) -> Written:
    """As a reply holds it."""
    return orjson.Fragment(view.model_dump_json(by_alias=True))


def answer(view: BaseModel | Written | None, *, status: int = 200, replay: bool = False) -> Answer:
    """A success: `view` is a contract view, or what was `written` of one."""
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
        body["data"] = written(data) if isinstance(data, BaseModel) else data
    return orjson.dumps(body)

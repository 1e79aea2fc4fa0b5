"""A door is one method on one path: who may use it, who answers, and what the API's document says of it.

The doors stand in FastAPI as its own routes, so /openapi.json is FastAPI's; but each request goes straight from the
path to the door's answer (`edge.py`), without FastAPI's dependency and validation chain.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, Path, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.policy import Policy

Answering = Callable[[Request], Awaitable[Response]]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What /openapi.json says of a door; `reply` None is an answer without a model."""

    summary: str
    tag: str
    body: type[BaseModel] | None = None
    bare: bool = False
    """Whether the body may be left out."""
    query: type[BaseModel] | None = None
    reply: type[BaseModel] | None = None
    status: int = 200
    media: str = "application/json"
    also: tuple[str, ...] = ()
    """Other media types the same answer may come in, by `Accept`."""
    takes: tuple[str, ...] = ()
    """Media types of a body without a model."""
    headers: tuple[str, ...] = ()
    """Names of request headers that matter, a `!` behind the required ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`policy` is no default: a door that does not say who may use it cannot be made."""

    method: Method
    path: str
    policy: Policy
    answer: Answering
    paper: Paper
    parameters: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        names = tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
        object.__setattr__(self, "parameters", names)


class DoorRoute(APIRoute):
    """FastAPI's route of a door."""

    door: Door

    def get_route_handler(self) -> Answering:  # type: ignore[override]  # a narrower type than FastAPI's coroutine
        return self.endpoint.door.answer  # type: ignore[no-any-return,attr-defined]  # set in `hang`


def hang(app: FastAPI, door: Door) -> None:
    """Puts `door` among the routes of `app`."""
    paper = door.paper

    async def documented() -> None:
        """Never run: FastAPI reads its signature."""

    documented.__signature__ = _signature(door)  # type: ignore[attr-defined]  # what inspect.signature looks for
    documented.door = door  # type: ignore[attr-defined]  # see DoorRoute
    documented.__doc__ = paper.summary
    app.router.add_api_route(
        door.path,
        documented,
        methods=[door.method],
        response_model=paper.reply,
        status_code=paper.status,
        summary=paper.summary,
        tags=[paper.tag],
        name=f"{door.method.lower()}_{door.path.strip('/').replace('/', '_')}",
        openapi_extra=_extra(door),
        responses=_responses(paper),
        route_class_override=DoorRoute,
    )


def _signature(door: Door) -> inspect.Signature:
    needed, paper = inspect.Parameter.empty, door.paper
    kinds: list[tuple[str, Any, Any]] = [(name, Annotated[str, Path()], needed) for name in door.parameters]
    if paper.query is not None:
        kinds.append(("query", Annotated[paper.query, Query()], needed))
    if paper.body is not None:
        kinds.append(("body", Annotated[paper.body, Body()], None if paper.bare else needed))
    return inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for name, kind, default in kinds
        ]
    )


def _responses(paper: Paper) -> dict[int | str, dict[str, Any]]:
    responses: dict[int | str, dict[str, Any]] = {
        "default": {"description": "A problem", "content": {"application/problem+json": {}}}
    }
    if paper.reply is None and paper.media != "application/json":
        responses[paper.status] = {"description": paper.summary, "content": {paper.media: {}}}
    elif paper.also:
        responses[paper.status] = {"content": {media: {"schema": {"type": "string"}} for media in paper.also}}
    return responses


def _extra(door: Door) -> dict[str, Any]:
    headers = [
        {"name": name.rstrip("!"), "in": "header", "required": name.endswith("!"), "schema": {"type": "string"}}
        for name in door.paper.headers
    ]
    extra: dict[str, Any] = {"parameters": headers} if headers else {}
    if door.paper.takes:
        content: dict[str, Any] = {media: {"schema": {}} for media in door.paper.takes}
        extra["requestBody"] = {"required": True, "content": content}
    if not door.policy.anonymous:
        extra["security"] = [{"bearer": []}, {"apiKey": []}]
    return extra

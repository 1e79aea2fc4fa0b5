"""A call is a door that asks one service one thing: which command or query, and where its fields come from."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, create_model

from services.gateway.doors import Method
from services.gateway.policy import Policy
from shared.contracts.message import Command, Query

CURSOR = "cursor"
DRY_RUN = "dry_run"
Need = Literal["required", "optional", "unused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`ask` is filled from the path (`{id}` fills field `id`, or what `fills` names), and for the rest from the query
    parameters (a query) or the body (a command).

    `key` and `if_match` say what becomes of those headers; `status` is the usual success, for the document. `client`,
    `browser` and `session` name the fields of a command that the gateway fills with who asks: the network address, the
    browser, the session of the token.
    `alike`: the answer is the same whoever asks, so that those who ask at once are answered by one.
    `dry_run`: the command's field of that name is a query parameter, and a request that sets it needs no `If-Match`.
    """

    method: Method
    path: str
    summary: str
    ask: type[Command | Query]
    policy: Policy
    key: Need = "unused"
    if_match: Need = "unused"
    alike: bool = False
    dry_run: bool = False
    status: int = 200
    fills: dict[str, str] = field(default_factory=dict)
    client: str = ""
    browser: str = ""
    session: str = ""

    @property
    def from_path(self) -> dict[str, str]:
        """Path parameter → field."""
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return {name: self.fills.get(name, name) for name in names}

    @property
    def filled(self) -> frozenset[str]:
        """The fields a body cannot give: the path's, the query's, and the gateway's own."""
        more = filter(None, (self.client, self.browser, self.session, DRY_RUN if self.dry_run else ""))
        return frozenset({*self.from_path.values(), *more})

    @property
    def reads(self) -> bool:
        return issubclass(self.ask, Query)

    @property
    def bare(self) -> bool:
        """Whether the body of a command may be left out: of an action or a DELETE in which nothing has to be said."""
        need_not = not any(info.is_required() for _, info in self.rest().values())
        return need_not and self.method in ("POST", "DELETE")

    def rest(self) -> dict[str, tuple[str, Any]]:
        """The fields the client gives beside the path: what the client calls it → (field, its pydantic FieldInfo)."""
        filled = self.filled
        fields = {n: i for n, i in self.ask.model_fields.items() if n not in filled}
        return {
            CURSOR if self.reads and name == "after" else (info.alias or name): (name, info)
            for name, info in fields.items()
        }

    def parameters(self) -> type[BaseModel] | None:
        """The model of the query string, for the document."""
        if self.reads:
            return self.form()
        return create_model("DryRunParameters", dry_run=(bool, False)) if self.dry_run else None

    def form(self) -> type[BaseModel] | None:
        """The model of what the client gives beside the path, for the document; None where that is nothing."""
        rest = self.rest()
        if not rest:
            return None
        kinds: dict[str, Any] = {}
        for given, (name, info) in rest.items():
            kinds[name if given != CURSOR else CURSOR] = (info.rebuild_annotation(), info)
        kind = "Parameters" if self.reads else "Body"
        return create_model(f"{self.ask.__name__}{kind}", __doc__=self.ask.__doc__, **kinds)

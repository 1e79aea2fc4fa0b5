"""The record as it is answered: what happened to a thing, by whom, for whom, and why."""

from typing import Annotated

from shared.contracts.message import BilingualView, Id, View, personal


class EntryView(View):
    """One thing that happened; `type` is the event's wire name, `operation` the command or timer that caused it.

    `actor` caused it: `kind` says whether that is a `member`, a `program` or `site` by its `api_key`, or the `system`
    itself; acting for `organization`, and where a command named a member it was for, `on_behalf_of` them. `reason` is
    what was written; null also where it was erased. Null, too, is what an entry of an earlier version lacks.
    """

    seq: int
    id: str
    type: str
    time: str
    actor: str
    kind: str | None = None
    organization: Id | None = None
    api_key: Id | None = None
    on_behalf_of: Id | None = None
    operation: str | None = None
    reason: Annotated[str | BilingualView | None, personal()] = None


class EntriesView(View):
    """Oldest first."""

    items: tuple[EntryView, ...]
    next: str | None = None

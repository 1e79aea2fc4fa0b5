"""The table of rights: one document, first made from `policy.toml`, then changed as a whole."""

import json
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import resources
from typing import Any

from services.members.domain.organization import Kind
from services.members.domain.policy import Limit, Place, PolicyChanged, Row, Table
from services.members.publish import contract_of, row_view
from services.members.store.mapping import SITE
from shared.contracts.members import POLICY_ID, PolicyRow
from shared.kernel.decision import Decision
from shared.kernel.rights import BILLED_STEP_MINUTES, Period, Scope
from shared.kit.documents import Cause, Documents, Draft, Stored

Decide = Callable[[Table], Decision[Table, PolicyChanged]]


class Policies:
    """The collection `policies`; `_id` is POLICY_ID."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def stored(self, *, at: datetime) -> dict[str, Any]:
        """The document; where there is none it is made, by whichever replica is first."""
        doc = await self._documents.get(POLICY_ID)
        if doc is not None:
            return doc
        edition, table = first_table()
        draft = _draft(table.introduced(), version=1)
        first = Cause("members.first_policy", "members", f"first-policy-{edition}", reason=f"policy.toml {edition}")
        return (await self._documents.insert(POLICY_ID, SITE, draft, first, at=at)).doc

    async def change(self, decide: Decide, cause: Cause, *, at: datetime, if_match: int | None) -> Stored:
        """One write, or none where nothing changes. Raises VersionStale and what Documents.change raises."""

        def draft(doc: dict[str, Any]) -> Draft | None:
            decided = decide(table_of(doc))
            return _draft(decided, version=doc["version"] + 1) if decided.events else None

        return await self._documents.change(POLICY_ID, draft, cause, at=at, if_match=if_match)


def first_table() -> tuple[str, Table]:
    """What `policy.toml` says, and the name of its edition. Raises PolicyInvalid or pydantic's ValidationError."""
    text = resources.files("services.members").joinpath("policy.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    rows = [PolicyRow.model_validate_json(json.dumps(row)) for row in told["rows"]]
    return told["version"], Table.of([row_of(row.model_dump()) for row in rows], sites=())


def table_of(doc: Mapping[str, Any]) -> Table:
    """The table a document holds."""
    return Table(tuple(row_of(row) for row in doc["rows"]))


def row_of(row: Mapping[str, Any]) -> Row:
    """A row as the contract and the document write it."""
    limits = (
        Limit(
            Period(each["period"]),
            Scope(each["scope"]),
            each["hours"],
            each.get("step_minutes", BILLED_STEP_MINUTES),  # a table that is older than steps
        )
        for each in row["limits"]
    )
    return Row(
        place=Place(Kind(row["kind"]), row["site"], row["resource"]),
        allowed=row["allowed"],
        months_ahead=row["months_ahead"],
        needs_approval=row["needs_approval"],
        limits=tuple(limits),
    )


def _draft(decided: Decision[Table, PolicyChanged], *, version: int) -> Draft:
    rows = [row_view(row).model_dump(mode="json") for row in decided.state.rows]
    return Draft({"rows": rows}, [contract_of(event, version) for event in decided.events])

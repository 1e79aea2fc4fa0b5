"""Rewriting what stands in an older form, beside everything else: guarded by version and form, in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.kit.documents.forms import FIXED, form_of, older_than
from shared.kit.documents.write import Documents, as_read
from shared.kit.mongo import UpdateOne

_LOOKED_AT = 2_000
_AT_ONCE = 100


@dataclass(slots=True)
class Page:
    """What one page brought. `next` is the id to go on after, None at the end.

    `raced` documents were changed by somebody meanwhile, into the newest form; `faults` are (id, what a step raised).
    """

    next: str | None = None
    looked_at: int = 0
    forms: dict[int, int] = field(default_factory=dict)
    rewritten: int = 0
    raced: int = 0
    faults: list[tuple[str, str]] = field(default_factory=list)


async def page_of(documents: Documents, after: str | None, *, dry_run: bool) -> Page:
    """Puts the older ones among the next documents into the newest form; with `dry_run` only tries whether it could.

    Neither a version nor a log grows: it is the same state, said anew. Killed in between, it is simply begun again.
    """
    beyond = {} if after is None else {"_id": {"$gt": after}}
    found = documents.collection.find(beyond, {"form": 1}).sort("_id", 1).limit(_LOOKED_AT)
    docs = await found.to_list(_LOOKED_AT)
    page = Page(docs[-1]["_id"] if len(docs) == _LOOKED_AT else None, len(docs))
    for doc in docs:
        page.forms[form_of(doc)] = page.forms.get(form_of(doc), 0) + 1
    old = [doc["_id"] for doc in docs if form_of(doc) < documents.forms.newest]
    for start in range(0, len(old), _AT_ONCE):
        await _rewrite(documents, old[start : start + _AT_ONCE], page, dry_run=dry_run)
    return page


async def _rewrite(documents: Documents, ids: Sequence[str], page: Page, *, dry_run: bool) -> None:
    where = {"_id": {"$in": list(ids)}, **older_than(documents.forms.newest)}
    stored: list[dict[str, Any]] = await documents.collection.find(where).to_list(len(ids))
    page.raced += len(ids) - len(stored)
    updates = []
    for doc in stored:
        try:
            updates.append(UpdateOne(as_read(doc), _anew(doc, documents.newest(doc))))
        except Exception as error:  # noqa: BLE001 — a step that cannot bear one document must not keep the others
            page.faults.append((doc["_id"], type(error).__name__))
    if dry_run or not updates:
        return
    done = (await documents.collection.bulk_write(updates, ordered=False)).matched_count
    page.rewritten += done
    page.raced += len(updates) - done


def _anew(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs by the form, and nothing that the relay or a lease may be changing at this moment."""
    wanted = {k: v for k, v in after.items() if k not in FIXED and before.get(k, ...) != v}
    gone = dict.fromkeys(before.keys() - after.keys() - FIXED, "")
    return {"$set": wanted} | ({"$unset": gone} if gone else {})

"""One document, one write: state, claims, timer, log and outbox in one atomic change (docs/architecture.md).

A stored document: `{_id, site, version, created_at, fingerprint?, …state…, claims?, due_at?, due_kind?,
log: [entry…], sent, unsent?, next_try?, stated?}`.
"""

from shared.kit.documents.draft import Cause, Draft, Stored, outbox
from shared.kit.documents.indexes import document_indexes
from shared.kit.documents.write import ClaimTaken, Documents

__all__ = ["Cause", "ClaimTaken", "Documents", "Draft", "Stored", "document_indexes", "outbox"]

"""One document, one write: state, claims, timer, log and outbox in one atomic change (docs/architecture.md).

A stored document: `{_id, site, version, created_at, changed_at, form?, least?, fingerprint?, …state…, claims?, been?,
due_at?, due_kind?, lease?, missed?, log: [entry…], sent, unsent?, next_try?, stated?}`. An entry: `{seq, id, type,
time, actor, kind, organization?, api_key?, on_behalf_of?, operation, command?, fingerprint?, …ids, data, reason?,
before?, words?, took?, gave?, came?, went?, salts, since?, h}` (docs/record.md).
"""

from shared.kit.documents.draft import Cause, Draft, Stored, outbox
from shared.kit.documents.forms import CHANGED_AT, Forms, NewerForm, Step
from shared.kit.documents.history import history_indexes
from shared.kit.documents.indexes import document_indexes, holds_documents
from shared.kit.documents.reasons import forget_reasons, forget_reasons_in_turn, reasons_of
from shared.kit.documents.replaying import unless_made_before
from shared.kit.documents.write import ClaimTaken, Documents

__all__ = [
    "CHANGED_AT",
    "Cause",
    "ClaimTaken",
    "Documents",
    "Draft",
    "Forms",
    "NewerForm",
    "Step",
    "Stored",
    "document_indexes",
    "forget_reasons",
    "forget_reasons_in_turn",
    "history_indexes",
    "holds_documents",
    "outbox",
    "reasons_of",
    "unless_made_before",
]

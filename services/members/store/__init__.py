"""The collections of members: what is stored how, the indexes, the one write."""

from collections.abc import Mapping, Sequence

from services.members.store.keys import ORDERS
from shared.kit.documents import CHANGED_AT, Step, document_indexes
from shared.kit.mongo import IndexModel, index

_DAY = 86_400
_SIGN_IN_KEPT = 2 * _DAY
"""Longer than any limit of a sign-in looks back."""
_CLIENT_KEPT = 7_200
"""Longer than the limit of a network looks back."""
_ON_ITS_WAY = 3_600
"""Longer than a sign-in by a provider may take."""
_SESSION_KEPT = 15 * _DAY
"""Longer than a session may idle."""

_SCOPES: Sequence[Sequence[tuple[str, int]]] = (
    (),
    *(((field, 1),) for field in ("organizations", "assistants", "found_by")),
)
"""Lists are of all people, of an organization's, of those somebody assists, or by the beginning of a name."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "organizations": [
        *document_indexes(),
        index([("site", 1), ("status", 1), ("due_at", 1)]),
        index([("site", 1), ("status", 1), ("_id", 1)]),
        index([("site", 1), ("kind", 1), ("_id", 1)]),
    ],
    "members": [
        *document_indexes(),
        *(index([("site", 1), *scope, (order, 1), ("_id", 1)]) for scope in _SCOPES for order in ORDERS.values()),
        index([("site", 1), ("organizations", 1), ("name_key", 1)], partial={"roles": "organization_admin"}),
        index([("site", 1), ("name_form", 1), ("_id", 1)]),
        index([("changed_at", 1), ("site", 1)], partial={"active": False, "email": {"$exists": True}}),
    ],
    "api_keys": [
        *document_indexes(),
        index([("digest", 1)], unique=True),
        index([("owner", 1), ("_id", 1)]),
    ],
    "policies": document_indexes(),
    "erasures": [*document_indexes(), index([("completed_at", 1), ("asked_at", 1)])],
    "errands": document_indexes(),
    "sign_ins": [index([("touched", 1)], expire_after=_SIGN_IN_KEPT)],
    "sign_in_clients": [index([("touched", 1)], expire_after=_CLIENT_KEPT)],
    "sessions": [
        *document_indexes(),
        index([("touched", 1)], expire_after=_SESSION_KEPT),
        index([("member", 1)]),
        index([("revoked_at", 1), ("_id", 1)], partial={"revoked_at": {"$exists": True}}),
    ],
    "signing_keys": [],
    "identity_providers": document_indexes(),
    "identities": [*document_indexes(), index([("member", 1)])],
    "begun_sign_ins": [index([("touched", 1)], expire_after=_ON_ITS_WAY)],
    "sign_in_tickets": [index([("touched", 1)], expire_after=_ON_ITS_WAY)],
}

FORMS: Mapping[str, Sequence[Step]] = {"organizations": [CHANGED_AT], "members": [CHANGED_AT], "api_keys": [CHANGED_AT]}
"""How documents of each earlier form become those of the next; only ever added to (docs/operations/migrations.md)."""

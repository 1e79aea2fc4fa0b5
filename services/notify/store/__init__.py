"""What notify keeps: mails, notices, broadcasts, endings; and its copies of contacts, sites and registrations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notify.store.audience import AUDIENCE_INDEXES, Audience
from services.notify.store.broadcasts import BROADCAST_INDEXES, Broadcasts
from services.notify.store.endings import Endings
from services.notify.store.mails import MAIL_INDEXES, Mails
from services.notify.store.notices import NOTICE_INDEXES, Notices
from services.notify.store.people import People, Person
from services.notify.store.sites import Sites
from shared.kit.documents import CHANGED_AT, Step, document_indexes
from shared.kit.mongo import IndexModel

__all__ = [
    "FORMS",
    "INDEXES",
    "Audience",
    "Broadcasts",
    "Endings",
    "Known",
    "Mails",
    "Notices",
    "People",
    "Person",
    "Sites",
]

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "mails": MAIL_INDEXES,
    "notices": NOTICE_INDEXES,
    "broadcasts": BROADCAST_INDEXES,
    "copy_registration": AUDIENCE_INDEXES,
    "errands": document_indexes(),
}

FORMS: Mapping[str, Sequence[Step]] = {"notices": [CHANGED_AT]}
"""How documents of each earlier form become those of the next; only ever added to (docs/operations/migrations.md)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What notify has heard of the others' things."""

    people: People
    sites: Sites
    audience: Audience
    endings: Endings

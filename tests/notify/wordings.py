"""Every message notify can send, as the snapshots hold them. `python -m tests.notify.wordings` writes them anew."""

from collections.abc import Mapping
from pathlib import Path

from services.notify.domain.plan import Topic
from services.notify.wording import Facts, Reader, Wording, Words
from shared.kernel.names import Name
from shared.kernel.text import Language, Text
from tests.notify import builders as b
from tests.notify import series_builders as s

SNAPSHOTS = Path(__file__).parent / "snapshots"
SITE = Text("ニューヨーク・ラウンジ", "New York lounge")
NAME = Name(family="髙﨑", given="花子", latin="Hanako Takasaki")
LANGUAGES: tuple[Language, ...] = ("ja", "en")
CASES: Mapping[Topic, Facts] = {
    Topic.BOOKING_PLACED: b.placed(),
    Topic.BOOKING_PROVISIONAL: b.placed(status="provisional", expires_at=b.DEADLINE),
    Topic.BOOKING_PENDING: b.submitted(),
    Topic.BOOKING_CONFIRMED: b.confirmed(before="pending", reason="受付でお名前をお伝えください。"),
    Topic.BOOKING_REJECTED: b.cancelled(before="pending", rejected=True, reason="設備点検のため"),
    Topic.BOOKING_CANCELLED: b.cancelled(before="confirmed", debit_kept=True),
    Topic.BOOKING_EXPIRED: b.expired(),
    Topic.BOOKING_REMINDED: b.reminded(),
    Topic.BOOKING_CHALLENGED: b.challenged(),
    Topic.BOOKING_MOVED: b.moved(status="pending", expires_at=b.DEADLINE),
    Topic.BOOKING_CHANGED: b.reworded(),
    Topic.BOOKING_NO_SHOW: b.no_show(),
    Topic.WAITLIST_JOINED: b.joined(kind="room", resource=None, resource_name=None),
    Topic.WAITLIST_OFFERED: b.offered(),
    Topic.WAITLIST_LAPSED: b.ended("lapsed"),
    Topic.WAITLIST_EXPIRED: b.ended("expired"),
    Topic.WAITLIST_CANCELLED: b.ended("cancelled", because="membership-ended"),
    Topic.SERIES_PLACED: s.series_placed(),
    Topic.SERIES_PENDING: s.series_placed(status="pending", times=3, skipped=()),
    Topic.SERIES_CONFIRMED: s.series_confirmed(reason="受付でお名前をお伝えください。"),
    Topic.SERIES_REJECTED: s.series_cancelled(rejected=True, reason="設備点検のため"),
    Topic.SERIES_CHANGED: s.series_changed(status="pending", changed=("purpose",)),
    Topic.SERIES_CANCELLED: s.series_cancelled(debit_kept=(0,), remaining=4),
    Topic.SERIES_EXPIRED: s.series_expired(),
    Topic.SERIES_RECEIVED: s.series_handed_over(),
    Topic.SERIES_HANDED_OVER: s.series_handed_over(),
    Topic.REGISTERED: b.registered(seminar=b.tentative()),
    Topic.WAITING: b.registered(status="waiting", position=3, mode="onsite"),
    Topic.PROMOTED: b.promoted(),
    Topic.SEMINAR_CHANGED: b.changed(),
    Topic.SEMINAR_CANCELLED: b.called_off(),
    Topic.SESSION_REUSED: b.reused(),
    Topic.BOOKING_RECEIVED: b.handed_over(),
    Topic.BOOKING_HANDED_OVER: b.handed_over(),
    Topic.MEMBERSHIP_CHANGED: b.membership_changed(),
    Topic.RENEWAL_DUE: b.renewal_due(),
}


def reader(language: Language = "ja", zone: str = b.TOKYO) -> Reader:
    """In Tokyo, reading of something in New York."""
    return Reader(language, (b.NEW_YORK, zone), SITE, NAME)


def made() -> dict[str, str]:
    """File name → content."""
    wording = Wording()
    files = {}
    for language in LANGUAGES:
        for topic, facts in CASES.items():
            files[f"{topic.value}.{language}.txt"] = _shown(wording.of(topic, facts, reader(language)))
        files[f"{Topic.SIGN_IN_CODE.value}.{language}.txt"] = _shown(wording.of_code("01234567", 10, language))
    return files


def _shown(words: Words) -> str:
    return f"{words.subject}\n\n{words.text}\n\n{words.html}\n"


if __name__ == "__main__":
    for name, content in made().items():
        (SNAPSHOTS / name).write_text(content, encoding="utf-8")

"""Events and states as the other services announce them, about invented people."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts.booking import (
    BookingCancelled,
    BookingChallenged,
    BookingChanged,
    BookingConfirmed,
    BookingExpired,
    BookingHandedOver,
    BookingMoved,
    BookingNoShow,
    BookingPlaced,
    BookingReminded,
    BookingSubmitted,
    PlaceView,
    SiteState,
    WaitlistEnded,
    WaitlistJoined,
    WaitlistOffered,
)
from shared.contracts.events import (
    Announced,
    RegistrationPlaced,
    RegistrationPromoted,
    RegistrationState,
    SeminarCancelled,
    SeminarChanged,
    SeminarGist,
    When,
)
from shared.contracts.members import (
    ContactState,
    MembershipView,
    NameView,
    OrganizationStatusChanged,
    RenewalDue,
    SessionReused,
)
from shared.contracts.message import BilingualView, Message

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"
DEADLINE = datetime(2026, 12, 8, 15, 0, tzinfo=UTC)
YEAR = MembershipView(starts_on=date(2026, 4, 1), ends_on=date(2027, 3, 31))
START = datetime(2026, 12, 16, 0, 0, tzinfo=UTC)  # 19:00 on the 15th in New York, 09:00 on the 16th in Tokyo


def contact(member: str = "hanako", sequence: int = 1, **more: Any) -> ContactState:
    """A Japanese reader in Tokyo, unless said otherwise."""
    fields: dict[str, Any] = {
        "email": f"{member}@special.example",
        "name": NameView(family="髙﨑", given="花子", latin="Hanako Takasaki"),
        "language": "ja",
        "time_zone": TOKYO,
    }
    return ContactState(id=member, sequence=sequence, **(fields | more))


def site(sequence: int = 1) -> SiteState:
    name = BilingualView(ja="ニューヨーク・ラウンジ", en="New York lounge")
    return SiteState(id="nyc", sequence=sequence, name=name, time_zone=NEW_YORK)


def _booking(**more: Any) -> dict[str, Any]:
    return {
        "id": "b1",
        "site": "nyc",
        "resource": "room-a",
        "resource_name": BilingualView(ja="会議室A", en="Room A"),
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "time_zone": NEW_YORK,
        "organization": "o1",
        "booked_by": "hanako",
        "booked_for": "hanako",
        "version": 1,
    } | more


def joined(**more: Any) -> WaitlistJoined:
    return WaitlistJoined(**_booking(**({"id": "w1"} | more)))


def offered(**more: Any) -> WaitlistOffered:
    return WaitlistOffered(**_booking(**({"id": "w1", "booking": "b1", "expires_at": DEADLINE, "version": 2} | more)))


def ended(status: Any, **more: Any) -> WaitlistEnded:
    return WaitlistEnded(**_booking(**({"id": "w1", "status": status, "version": 3} | more)))


def placed(**more: Any) -> BookingPlaced:
    return BookingPlaced(**_booking(**({"status": "confirmed"} | more)))


def confirmed(**more: Any) -> BookingConfirmed:
    return BookingConfirmed(**_booking(**({"status": "confirmed", "before": "held", "version": 2} | more)))


def submitted(**more: Any) -> BookingSubmitted:
    fields: dict[str, Any] = {"status": "pending", "before": "held", "expires_at": DEADLINE, "version": 2}
    return BookingSubmitted(**_booking(**(fields | more)))


def reminded(**more: Any) -> BookingReminded:
    fields: dict[str, Any] = {"status": "provisional", "expires_at": DEADLINE, "version": 2}
    return BookingReminded(**_booking(**(fields | more)))


def challenged(**more: Any) -> BookingChallenged:
    fields: dict[str, Any] = {"status": "provisional", "expires_at": DEADLINE, "version": 2}
    return BookingChallenged(**_booking(**(fields | more)))


def moved(**more: Any) -> BookingMoved:
    """An hour later than it was, in another room."""
    name = BilingualView(ja="会議室B", en="Room B")
    before = PlaceView(resource="room-b", resource_name=name, starts_at=START - HOUR, ends_at=START)
    return BookingMoved(**_booking(**({"status": "confirmed", "before": before, "version": 2} | more)))


def reworded(**more: Any) -> BookingChanged:
    fields: dict[str, Any] = {"status": "confirmed", "changed": ("purpose", "attendees"), "version": 2}
    return BookingChanged(**_booking(**(fields | more)))


def expired(**more: Any) -> BookingExpired:
    return BookingExpired(**_booking(**({"before": "provisional", "version": 2} | more)))


def no_show(**more: Any) -> BookingNoShow:
    fields = {"status": "no_show", "version": 2, "ends_at": START + HOUR / 6, "booked_until": START + HOUR}
    return BookingNoShow(**_booking(**(fields | more)))


def cancelled(**more: Any) -> BookingCancelled:
    return BookingCancelled(**_booking(**({"version": 2} | more)))


def handed_over(**more: Any) -> BookingHandedOver:
    """To Hanako, from somebody who has gone."""
    fields = {"version": 2, "booked_by": "taro", "former": ("taro",), "handed_over_by": "taro"}
    return BookingHandedOver(**_booking(**({"status": "confirmed", "because": "member-left"} | fields | more)))


def membership_changed(**more: Any) -> OrganizationStatusChanged:
    fields: dict[str, Any] = {"transition": "suspend", "before": "active", "status": "suspended", "membership": YEAR}
    return OrganizationStatusChanged(**(_organization() | fields | more))


def renewal_due(**more: Any) -> RenewalDue:
    return RenewalDue(**(_organization() | {"membership": YEAR, "days": 30} | more))


def _organization() -> dict[str, Any]:
    name = BilingualView(ja="よこはまバイオ株式会社", en="Yokohama Bio K.K.")
    return {"id": "o1", "name": name, "tell": ("hanako",), "version": 3}


def decided(**more: Any) -> When:
    """19:00 in New York, decided."""
    fields: dict[str, Any] = {"precision": "instant", "zone": NEW_YORK, "starts_at": START, "certainty": "final"}
    return When(**(fields | more))


def announced() -> When:
    """As the first seminar was: the evening here, the morning there, no clock time."""
    said = (
        Announced(zone=NEW_YORK, date=date(2026, 12, 15), part="evening"),
        Announced(zone=TOKYO, date=date(2026, 12, 16), part="morning"),
    )
    return When(precision="day_part", zone=NEW_YORK, announced=said, certainty="tentative")


def gist(**more: Any) -> SeminarGist:
    fields: dict[str, Any] = {
        "id": "s1",
        "site": "nyc",
        "title": BilingualView(ja="米国の最新ライフサイエンス事情", en="US life science today"),
        "title_certainty": "final",
        "when": decided(),
        "version": 2,
    }
    return SeminarGist(**(fields | more))


def tentative(**more: Any) -> SeminarGist:
    return gist(**({"title_certainty": "tentative", "when": announced(), "version": 1} | more))


def registered(**more: Any) -> RegistrationPlaced:
    fields: dict[str, Any] = {
        "id": "r1",
        "seminar": gist(),
        "member": "hanako",
        "mode": "online",
        "version": 1,
        "status": "confirmed",
    }
    return RegistrationPlaced(**(fields | more))


def promoted(**more: Any) -> RegistrationPromoted:
    fields: dict[str, Any] = {"id": "r1", "seminar": gist(), "member": "hanako", "mode": "onsite", "version": 2}
    return RegistrationPromoted(**(fields | more))


def changed(**more: Any) -> SeminarChanged:
    fields: dict[str, Any] = {
        "seminar": gist(),
        "before": tentative(),
        "changed": ("title_certainty", "when", "venue"),
    }
    return SeminarChanged(**(fields | more))


def called_off(**more: Any) -> SeminarCancelled:
    fields: dict[str, Any] = {"seminar": gist(version=3), "reason": "登壇者の都合により\n開催できなくなりました。"}
    return SeminarCancelled(**(fields | more))


def reused(member: str = "hanako") -> SessionReused:
    return SessionReused(id="session-1", member=member, at=START, version=1)


def registration(member: str = "hanako", sequence: int = 1, **more: Any) -> RegistrationState:
    """Live, and there an hour before noon."""
    fields: dict[str, Any] = {
        "id": f"r-{member}",
        "seminar": "s1",
        "member": member,
        "mode": "online",
        "status": "confirmed",
        "since": NOON - timedelta(hours=1),
    }
    return RegistrationState(sequence=sequence, **(fields | more))


def envelope(
    message: Message, event_id: str, *, at: datetime = NOON, correlationid: str = "corr-1"
) -> Mapping[str, Any]:
    """The CloudEvent around it, as a relay makes it."""
    service = message.wire.split(".", 1)[0]
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/services/{service}",
        "type": f"org.link-j.{message.wire}",
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "correlationid": correlationid,
        "data": message.model_dump(mode="json"),
    }


MORE_EVENTS = [
    (membership_changed(), "o1", "membership.changed", "会員資格を一時停止しました"),
    (renewal_due(), "o1", "membership.renewal_due", "会員期間の終了まであと30日です"),
    (joined(), "w1", "waitlist.joined", "空き待ちを承りました"),
    (offered(), "w1", "waitlist.offered", "空きが出ました"),
    (ended("lapsed"), "w1", "waitlist.lapsed", "ご案内の期限が過ぎました"),
    (ended("expired"), "w1", "waitlist.expired", "空きが出ませんでした"),
    (ended("cancelled", because="member-left"), "w1", "waitlist.cancelled", "空き待ちが取り消されました"),
]
"""Each with the aggregate it is about, the topic and the subject it is told by."""

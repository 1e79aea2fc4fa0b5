"""What the demonstration says: invented people and organizations, the New York lounge, its first seminar."""

from datetime import date, timedelta
from typing import Any, get_args

from shared.contracts.booking import Calendar, CheckInRule, DefineSite, Opening, PutResource, ResourceRules
from shared.contracts.events import Announced, Modes, OnlineSeats, OnsiteSeats, SeminarPublished, Venue, When
from shared.contracts.members import OrganizationKind, PersonName
from shared.contracts.message import Text

NYC = "nyc"
TOKYO_ZONE, NYC_ZONE = "Asia/Tokyo", "America/New_York"

_JAPAN = Calendar(name="japan", closes=True)
_US = Calendar(name="us-federal", closes=True)
_JAPAN_SHOWN = Calendar(name="japan", closes=False)
_US_SHOWN = Calendar(name="us-federal", closes=False)

LOUNGE = Text(ja="横浜・LINK-J ライフサイエンス・ラウンジ@NYC", en="Yokohama・LINK-J Life Science Lounge @NYC")

SITES = (
    DefineSite(id=NYC, name=LOUNGE, time_zone=NYC_ZONE, producer=True, calendars=(_US, _JAPAN_SHOWN)),
    DefineSite(
        id="tokyo",
        name=Text(ja="日本橋ライフサイエンスビル", en="Nihonbashi, Tokyo"),
        time_zone=TOKYO_ZONE,
        calendars=(_JAPAN, _US_SHOWN),
    ),
    DefineSite(
        id="osaka", name=Text(ja="LINK-J WEST", en="LINK-J WEST, Osaka"), time_zone=TOKYO_ZONE, calendars=(_JAPAN,)
    ),
    DefineSite(
        id="westcoast",
        name=Text(ja="米国西海岸", en="US west coast"),
        time_zone="America/Los_Angeles",
        calendars=(_US, _JAPAN_SHOWN),
    ),
)

_OPEN = (Opening(days=("mon", "tue", "wed", "thu", "fri"), opens="09:00", closes="22:00"),)


def _room(letters: str, name: Text, capacity: int) -> PutResource:
    """A room by its letter, or the one that several make up."""
    return PutResource(
        site=NYC,
        id=f"room-{letters}",
        kind="room",
        name=name,
        capacity=capacity,
        granule_minutes=15,
        buffer_minutes=15,
        opening_hours=_OPEN,
        parts=tuple(f"room-{letter}" for letter in letters) if len(letters) > 1 else (),
        rules=ResourceRules(shortest_minutes=15, longest_minutes=480, check_in=CheckInRule()),
    )


def _desk(number: int) -> PutResource:
    """For as long as the lounge is open in a day."""
    name = Text(ja=f"デスク{number}", en=f"Desk {number}")
    rules = ResourceRules(longest_minutes=13 * 60, check_in=CheckInRule())
    return PutResource(
        site=NYC, id=f"desk-{number}", kind="desk", name=name, capacity=1, opening_hours=_OPEN, rules=rules
    )


RESOURCES = (
    _room("a", Text(ja="会議室A", en="Room A"), 8),
    _room("b", Text(ja="会議室B", en="Room B"), 4),
    _room("ab", Text(ja="会議室A・B（連結）", en="Rooms A and B together"), 12),
    _desk(1),
    _desk(2),
)

ORGANIZATIONS: dict[OrganizationKind, Text] = {
    "linkj_staff": Text(ja="LINK-J事務局", en="LINK-J Office"),
    "yokohama_company": Text(ja="横浜みなとバイオ", en="Yokohama Minato Bio"),
    "special_member_a": Text(ja="青葉創薬", en="Aoba Therapeutics"),
    "special_member_b": Text(ja="北斗診断", en="Hokuto Diagnostics"),
    "special_member_c": Text(ja="個人会員・藤野", en="Fujino, individual member"),
    "city_staff": Text(ja="横浜市米州事務所", en="City of Yokohama, Americas Office"),
    "partner": Text(ja="ハドソン・バイオ協会", en="Hudson Bio Association"),
    "guest": Text(ja="ゲスト", en="Guests"),
}
assert set(ORGANIZATIONS) == set(get_args(OrganizationKind))

PEOPLE: dict[str, tuple[OrganizationKind, dict[str, Any]]] = {
    "staff@linkj.example": (
        "linkj_staff",
        {
            "name": PersonName(
                family="髙﨑", given="真理子", family_kana="たかさき", given_kana="まりこ", latin="Mariko Takasaki"
            ),
            "language": "ja",
            "time_zone": NYC_ZONE,
            "roles": frozenset({"member", "site_staff"}),
            "site": NYC,
        },
    ),
    "operator@linkj.example": (
        "linkj_staff",
        {
            "name": PersonName(family="小野", given="健", family_kana="おの", given_kana="けん", latin="Ken Ono"),
            "language": "ja",
            "time_zone": TOKYO_ZONE,
            "roles": frozenset({"member", "operator"}),
        },
    ),
    "member-a@special.example": (
        "special_member_a",
        {
            "name": PersonName(family="Whitfield", given="Clara", latin="Clara Whitfield"),
            "language": "en",
            "time_zone": NYC_ZONE,
        },
    ),
    "company@yokohama.example": (
        "yokohama_company",
        {
            "name": PersonName(
                family="葛󠄀西", given="陽一", family_kana="かさい", given_kana="よういち", latin="Yoichi Kasai"
            ),
            "language": "ja",
            "time_zone": NYC_ZONE,
        },
    ),
}


def seminar(day: date) -> SeminarPublished:
    """The lounge's first seminar as it was announced: a tentative title, and of its time no more than `day`'s evening
    in New York, which is the next day's morning in Japan.
    """
    return SeminarPublished(
        external_id="first-seminar",
        format="seminar",
        title=Text(ja="米国の最新ライフサイエンス事情～創薬のトレンドやVCの活動を中心に～"),
        title_certainty="tentative",
        when=When(
            precision="day_part",
            zone=NYC_ZONE,
            announced=(
                Announced(zone=NYC_ZONE, date=day, part="evening"),
                Announced(zone=TOKYO_ZONE, date=day + timedelta(days=1), part="morning"),
            ),
            certainty="tentative",
        ),
        venue=Venue(name=LOUNGE),
        modes=Modes(onsite=OnsiteSeats(capacity=25), online=OnlineSeats(capacity=500)),
        languages=("ja",),
        regions=("nyc", "us-east", "japan"),
        topics=("創薬", "VC"),
    )

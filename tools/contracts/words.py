"""The words samples are made of. `Model.field` goes before `field`; every person and company here is invented."""

from collections.abc import Mapping
from typing import Any

from shared.kernel.ids import derived_id

START, END = "2026-12-15T19:00:00-05:00", "2026-12-15T20:00:00-05:00"


def sample_id(of: str) -> str:
    """An id as the house makes them; the same for the same word."""
    return derived_id("sample", of)


WORDS: Mapping[str, Any] = {
    "active": True,
    "actor": sample_id("member"),
    "after": "b2Zmc2V0OjUw",
    "alg": "EdDSA",
    "allowed": True,
    "attendees": 4,
    "booked_by": sample_id("member"),
    "booked_for": sample_id("member"),
    "body": "ご予約を承りました。",
    "browser": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "buffer_minutes": 15,
    "capacity": 25,
    "changed": "title",
    "changed_at": "2026-12-01T09:00:00+00:00",
    "changed_by": sample_id("member"),
    "client": "203.0.113.7",
    "closes": "22:00",
    "code": "outside-opening-hours",
    "EffectReasonView.code": "further-ahead",
    "CreateSession.code": "13572468",
    "SendSignInCode.code": "13572468",
    "correlationid": sample_id("request"),
    "created_at": "2026-11-20T10:30:00+09:00",
    "created_by": sample_id("member"),
    "date": "2026-12-15",
    "details": "data.when.zone: unknown-timezone",
    "HistoryEntryView.type": "booking.booking_placed.v1",
    "dropped": "data.internal_note",
    "email": "hanako.sato@special.example",
    "end": "20:00",
    "ends_on": "2027-03-31",
    "ends_at": END,
    "equipment": "projector",
    "expires_at": "2026-12-16T00:10:00Z",
    "expires_in": 600,
    "external_id": "nyc-2026-12-15",
    "family": "佐藤",
    "family_kana": "サトウ",
    "from": START,
    "from_": START,
    "given": "花子",
    "given_kana": "ハナコ",
    "granule_minutes": 15,
    "holidays_version": "2026.1",
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "home_zone": "Asia/Tokyo",
    "hours": 20,
    "kid": "2026-11-23-1",
    "last_used_at": "2026-12-01T09:00:00+09:00",
    "latin": "Hanako Sato",
    "limit": 50,
    "link": f"/v1/bookings/{sample_id('id')}",
    "longest_minutes": 480,
    "minutes": 60,
    "month": "2026-12",
    "months_ahead": 6,
    "name": "Importer of the New York site",
    "next": "b2Zmc2V0OjUw",
    "on": "2026-12-15",
    "opens": "09:00",
    "parts": "room-b",
    "policy": "2026-04-01",
    "position": 3,
    "prefix": "lk_sample",
    "purpose": "商談 / partnering meeting",
    "q": "さとう",
    "raw": '{"specversion": "1.0"}',
    "reason": "講演者の都合により / the speaker cannot come",
    "received_at": "2026-12-01T09:00:00-05:00",
    "refresh_token": "rt_sample-not-a-secret",
    "resets_at": "2026-12-21T00:00:00-05:00",
    "resource": "room-a",
    "ResourceView.id": "room-a",
    "PutResource.id": "room-a",
    "revoked_at": "2026-12-20T09:00:00+09:00",
    "roles": "member",
    "scopes": "events:write",
    "secret": "lk_sample-not-a-secret",
    "sequence": 2,
    "since": "2026-12-01T09:00:00-05:00",
    "site": "nyc",
    "start": "19:00",
    "starts_at": START,
    "starts_on": "2026-04-01",
    "stream_url": "https://stream.nyc.example/2026-12-15",
    "time": START,
    "time_zone": "America/New_York",
    "to": END,
    "topic": "booking-placed",
    "topics": "創薬",
    "type": "org.link-j.seminar.published.v1",
    "version": 2,
    "zone": "America/New_York",
    "zones": "Asia/Tokyo",
}
FALLBACK: tuple[Any, ...] = ("nyc", "09:00", START, "2026-12-15", "America/New_York", 1, 15, False)
"""Tried in order where nothing is known by name: the first that satisfies the field's own conditions is taken."""
TEXTS: tuple[tuple[str, tuple[str, str]], ...] = (
    ("Speaker.name", ("鈴木 一郎", "Ichiro Suzuki")),
    ("SpeakerView.name", ("鈴木 一郎", "Ichiro Suzuki")),
    ("Speaker", ("よこはまバイオ株式会社 代表", "CEO, Yokohama Bio K.K.")),
    ("Seminar", ("米国の最新ライフサイエンス事情", "Life science in the United States today")),
    ("Organization", ("よこはまバイオ株式会社", "Yokohama Bio K.K.")),
    ("Affected", ("よこはまバイオ株式会社", "Yokohama Bio K.K.")),
    ("EffectReason", ("6か月先までから7か月先までになります。", "Up to 7 months ahead, before 6.")),
    ("CreateOrganization", ("よこはまバイオ株式会社", "Yokohama Bio K.K.")),
    ("UpdateOrganization", ("よこはまバイオ株式会社", "Yokohama Bio K.K.")),
    ("Site", ("ニューヨーク・ラウンジ", "New York lounge")),
    ("DefineSite", ("ニューヨーク・ラウンジ", "New York lounge")),
    ("Venue", ("ニューヨーク・ラウンジ", "New York lounge")),
    ("Holiday", ("クリスマス", "Christmas Day")),
    ("ShownIn", ("12月15日 19:00", "15 December, 7 p.m.")),
    ("NoticeView.title", ("予約を承りました", "Your booking is confirmed")),
    ("NoticeView.body", ("会議室A、12月15日 19:00–20:00", "Room A, 15 December, 7–8 p.m.")),
    ("Reason", ("営業時間外です。", "The lounge is closed at that time.")),
    ("Problem", ("営業時間外です。", "The lounge is closed at that time.")),
    ("", ("会議室A", "Room A")),
)
"""By the start of `Model.field`; the first that fits."""
WHOLE: Mapping[str, Any] = {
    "When": {
        "precision": "day_part",
        "zone": "America/New_York",
        "announced": [
            {"zone": "Asia/Tokyo", "date": "2026-12-16", "part": "morning"},
            {"zone": "America/New_York", "date": "2026-12-15", "part": "evening"},
        ],
        "certainty": "tentative",
    },
    "WhenView": {
        "precision": "instant",
        "zone": "America/New_York",
        "starts_at": START,
        "ends_at": "2026-12-15T21:00:00-05:00",
        "certainty": "final",
    },
    "Receipt": {"id": sample_id("event"), "outcome": "accepted", "sequence": 2, "stream_sequence": 41},
    "Ingest": {
        "site": "nyc",
        "events": [
            {
                "specversion": "1.0",
                "id": "nyc-2026-12-15-2",
                "source": "/sites/nyc",
                "type": "org.link-j.seminar.cancelled.v1",
                "time": "2026-12-01T14:00:00Z",
                "subject": "nyc-2026-12-15",
                "sequence": 2,
                "data": {"external_id": "nyc-2026-12-15"},
            }
        ],
    },
}
"""Types whose fields must agree with each other."""
LITERALS = ("en", "room", "confirmed", "confirm", "nyc", "onsite", "member", "seminar", "announced", "active", "schema")
"""Of several allowed words, the one that fits the story; else the first."""

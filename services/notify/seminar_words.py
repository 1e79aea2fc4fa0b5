"""What is told of a seminar in words of a table."""

from collections.abc import Mapping

from shared.kernel.text import Language

MODE: Mapping[Language, Mapping[str, str]] = {
    "ja": {"onsite": "会場参加", "online": "オンライン参加"},
    "en": {"onsite": "onsite", "online": "online"},
}
FIELDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "format": "形式",
        "languages": "使用言語",
        "modes": "参加方法・定員",
        "speakers": "登壇者",
        "status": "中止の取り消し（あらためて開催します）",
        "stream_url": "配信先",
        "topics": "テーマ",
        "venue": "会場",
    },
    "en": {
        "format": "format",
        "languages": "languages",
        "modes": "ways to attend",
        "speakers": "speakers",
        "status": "no longer cancelled, it takes place after all",
        "stream_url": "stream",
        "topics": "topics",
        "venue": "venue",
    },
}

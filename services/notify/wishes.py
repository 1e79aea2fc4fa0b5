"""What somebody has in mind who waits for any resource of a kind."""

from collections.abc import Mapping

from shared.kernel.text import Language

ANY: Mapping[Language, Mapping[str, str]] = {
    "ja": {"room": "いずれかの会議室", "desk": "いずれかのデスク", "expert": "いずれかの専門家"},
    "en": {"room": "any room", "desk": "any desk", "expert": "any expert"},
}

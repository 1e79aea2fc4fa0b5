"""What people read when it was a zone's rules that moved their booking."""

import pytest

from services.notify.domain.plan import Topic
from services.notify.wording import Wording
from shared.kernel.text import Language
from tests.notify import builders as b
from tests.notify import series_builders as s
from tests.notify.wordings import reader

CLOCKS = "time-zone-rules"
SAID = {
    "ja": ("現地時刻はそのままです", "拠点のタイムゾーンの規則が変わりました。", "変更前"),
    "en": ("Same local time", "The rules of the site's time zone have changed.", "Before"),
}


@pytest.mark.parametrize("language", SAID)
def test_who_is_moved_by_the_rules_of_the_clocks_reads_that_the_local_time_stays(language: Language) -> None:
    subject, sentence, before = SAID[language]
    words = Wording().of(Topic.BOOKING_MOVED, b.moved(because=CLOCKS), reader(language))
    assert subject in words.subject
    for text in (words.text, words.html.replace("&#39;", "'")):
        assert sentence in text
        assert before not in text
        assert "19:00–20:00" in text
    usual = Wording().of(Topic.BOOKING_MOVED, b.moved(), reader(language))
    assert before in usual.text
    assert sentence not in usual.text


@pytest.mark.parametrize(
    ("language", "why", "before"), [("ja", "タイムゾーンの規則", "変更前"), ("en", "rules", "before")]
)
def test_so_does_who_has_a_series(language: Language, why: str, before: str) -> None:
    words = Wording().of(Topic.SERIES_CHANGED, s.series_changed(because=CLOCKS), reader(language))
    assert why in words.text
    assert before not in words.text

"""What is written, in both languages, also about titles that mean harm."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.plan import Topic
from services.notify.moments import span_lines, when_lines
from services.notify.wording import Reader, Wording
from shared.contracts.booking import BookingStatus
from shared.contracts.events import When
from shared.contracts.message import BilingualView
from shared.kernel.names import Name
from shared.kernel.text import Language, Text
from tests.notify import builders as b
from tests.notify.wordings import LANGUAGES, SITE, SNAPSHOTS, made, reader

HOSTILE = [
    "<script>alert(1)</script>",
    "{{7*7}}{% include 'x' %}",
    "${jndi:ldap://x.example}%s%n",
    "Hi\r\nBcc: x@evil.example",
    "=?UTF-8?Q?=0A?=Bcc: x@evil.example",
    "X\nBEGIN:VALARM\r",
    "\"><img src=x onerror=alert(1)> & 'co",
    "abc\u202egnp.exe",
    "line\u2028separator",
]


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording()


@pytest.mark.parametrize("name", sorted(path.name for path in SNAPSHOTS.iterdir()))
def test_each_message_reads_as_its_snapshot(name: str) -> None:
    assert made()[name] == (SNAPSHOTS / name).read_text(encoding="utf-8")


def test_every_message_has_a_snapshot() -> None:
    assert set(made()) == {path.name for path in SNAPSHOTS.iterdir()}


class _Read(HTMLParser):
    """The tags and the text of a page, as a mail reader would show it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


_TAGS = {"html", "head", "meta", "title", "body", "p", "table", "tr", "th", "td", "br", "hr"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_is_only_text(wording: Wording, title: str, language: Language) -> None:
    facts = b.registered(seminar=b.gist(title=BilingualView(ja=title, en=title)))
    words = wording.of(Topic.REGISTERED, facts, reader(language))
    page = _Read(words.html)
    assert page.tags <= _TAGS
    assert page.attributes <= {"style", "lang", "charset"}
    assert "\n" not in words.subject
    assert "\r" not in words.subject + words.text
    kept = title.replace("\u202e", "").translate(dict.fromkeys([10, 13, 0x2028], " ")).strip()
    assert kept in words.text
    assert kept in page.text


@given(title=st.text(min_size=1, max_size=60))
def test_no_title_whatsoever_adds_a_line_or_a_tag(wording: Wording, title: str) -> None:
    facts = b.registered(seminar=b.gist(title=BilingualView(ja=title)))
    words = wording.of(Topic.REGISTERED, facts, reader())
    plain = wording.of(Topic.REGISTERED, b.registered(seminar=b.gist(title=BilingualView(ja="x"))), reader())
    assert len(words.text.splitlines()) == len(plain.text.splitlines())
    assert _Read(words.html).tags == _Read(plain.html).tags


def test_a_hostile_name_stays_on_the_first_line(wording: Wording) -> None:
    name = Name(family="<b>髙", given="花\r\n子{{1}}")
    words = wording.of(Topic.BOOKING_PLACED, b.placed(), Reader("ja", (b.NEW_YORK,), SITE, name))
    assert words.text.splitlines()[0] == "<b>髙 花  子{{1}} 様"
    assert "&lt;b&gt;髙" in words.html


def test_a_tentative_title_is_marked_and_a_final_one_is_not(wording: Wording) -> None:
    tentative = wording.of(Topic.REGISTERED, b.registered(seminar=b.tentative()), reader())
    final = wording.of(Topic.REGISTERED, b.registered(), reader())
    assert "（仮題）米国の最新" in tentative.subject
    assert "（仮題）米国の最新" in tentative.text
    assert "（仮題）米国の最新" in tentative.html
    assert "仮題" not in final.subject + final.text + final.html


def test_a_missing_language_shows_the_other_as_it_is(wording: Wording) -> None:
    facts = b.registered(seminar=b.gist(title=BilingualView(ja="日本語だけの題")))
    assert "日本語だけの題" in wording.of(Topic.REGISTERED, facts, reader("en")).text


def test_english_has_no_title_of_address_and_japanese_ends_in_sama(wording: Wording) -> None:
    japanese = wording.of(Topic.BOOKING_PLACED, b.placed(), reader("ja")).text.splitlines()[0]
    english = wording.of(Topic.BOOKING_PLACED, b.placed(), reader("en")).text.splitlines()[0]
    assert (japanese, english) == ("髙﨑 花子 様", "Hello Hanako Takasaki,")


def test_without_a_latin_name_english_uses_the_name_as_written(wording: Wording) -> None:
    plain = Reader("en", (b.NEW_YORK,), SITE, Name(family="高橋", given="花"))
    assert wording.of(Topic.BOOKING_PLACED, b.placed(), plain).text.startswith("Hello 高橋 花,")


def test_a_letter_to_an_organization_says_onchu_and_never_both(wording: Wording) -> None:
    company, person = Text("横浜バイオ株式会社", "Yokohama Bio"), Name("髙﨑", "花子", latin="Hanako Takasaki")
    first_lines = [
        wording.of(
            Topic.BOOKING_PLACED, b.placed(), Reader(language, (b.NEW_YORK,), SITE, name, company)
        ).text.splitlines()[0]
        for language in LANGUAGES
        for name in (None, person)
    ]
    assert first_lines == ["横浜バイオ株式会社 御中", "髙﨑 花子 様", "Hello Yokohama Bio,", "Hello Hanako Takasaki,"]


@pytest.mark.parametrize(
    ("status", "japanese", "english"),
    [
        ("provisional", "仮予約", "provisional"),
        ("pending", "承認待ち", "awaiting approval"),
        ("confirmed", "確定", "confirmed"),
    ],
)
def test_a_booking_is_called_no_more_certain_than_it_is(
    wording: Wording, status: BookingStatus, japanese: str, english: str
) -> None:
    facts = b.placed().model_copy(update={"status": status})
    assert f"状態: {japanese}" in wording.of(Topic.BOOKING_PLACED, facts, reader("ja")).text
    assert f"Status: {english}" in wording.of(Topic.BOOKING_PLACED, facts, reader("en")).text


def test_a_code_mail_holds_exactly_one_number_of_eight_digits(wording: Wording) -> None:
    for language in LANGUAGES:
        assert re.findall(r"[0-9]{8}", wording.of_code("01234567", 10, language).text) == ["01234567"]


def test_a_notice_is_in_both_languages_without_brand_or_salutation(wording: Wording) -> None:
    title, body = wording.notice(Topic.BOOKING_PLACED, b.placed(), (b.NEW_YORK, b.TOKYO), SITE)
    assert title.ja == "予約を受け付けました: 会議室A 2026年12月15日(火) 19:00–20:00（ニューヨーク, UTC-5）"
    assert title.en == "Booked: Room A, Tue, Dec 15, 2026 19:00–20:00 (New York, UTC-5)"
    assert body.en is not None
    assert body.en.startswith("Your booking has been made.")
    assert "Wed, Dec 16, 2026 09:00–10:00 (Tokyo, UTC+9)" in body.en


def test_a_change_shows_what_was_before_only_where_it_differs(wording: Wording) -> None:
    moved = b.changed(
        before=b.gist(when=b.decided(starts_at=b.START + timedelta(days=1)), version=1), changed=("when",)
    )
    text = wording.of(Topic.SEMINAR_CHANGED, moved, reader("en")).text
    assert "When before: Wed, Dec 16, 2026 19:00 (New York, UTC-5)" in text
    assert "Title before" not in text
    assert "Also changed" not in text


class TestTimes:
    """On the site's clock first, then on the reader's; never more than was decided."""

    def test_the_reader_sees_both_clocks_and_both_dates(self) -> None:
        assert span_lines(b.START, None, (b.NEW_YORK, b.TOKYO), "en") == [
            "Tue, Dec 15, 2026 19:00 (New York, UTC-5)",
            "Wed, Dec 16, 2026 09:00 (Tokyo, UTC+9)",
        ]

    def test_a_clock_that_shows_the_same_is_not_repeated(self) -> None:
        assert len(span_lines(b.START, None, (b.NEW_YORK, "America/Toronto"), "en")) == 1

    def test_an_end_on_the_next_day_shows_its_date(self) -> None:
        lines = span_lines(b.START, b.START + timedelta(hours=6), (b.NEW_YORK,), "ja")
        assert lines == ["2026年12月15日(火) 19:00–2026年12月16日(水) 01:00（ニューヨーク, UTC-5）"]

    @pytest.mark.parametrize(
        ("zone", "shown"),
        [("UTC", "(UTC, UTC)"), ("Asia/Kolkata", "(Kolkata, UTC+5:30)"), ("America/St_Johns", "UTC-3:30")],
    )
    def test_offsets_are_written_as_people_write_them(self, zone: str, shown: str) -> None:
        assert shown in span_lines(b.START, None, (zone,), "en")[0]

    def test_summer_and_winter_have_their_own_offset(self) -> None:
        summer = b.START.replace(month=7)
        assert span_lines(summer, None, (b.NEW_YORK,), "en") == ["Wed, Jul 15, 2026 20:00 (New York, UTC-4)"]

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize(
        "when",
        [
            b.announced(),
            When(precision="month", zone=b.NEW_YORK, month="2026-12", certainty="tentative"),
            When(precision="tba", zone=b.NEW_YORK, certainty="tentative"),
        ],
    )
    def test_less_than_an_instant_never_shows_a_clock_time(self, when: When, language: Language) -> None:
        assert not re.search(r"[0-9]:[0-9]", "\n".join(when_lines(when, (b.NEW_YORK, b.TOKYO), language)))

    def test_a_part_of_the_day_keeps_the_two_dates_as_announced(self) -> None:
        assert when_lines(b.announced(), (b.NEW_YORK,), "en") == [
            "Tue, Dec 15, 2026, evening (New York) (tentative)",
            "Wed, Dec 16, 2026, morning (Tokyo) (tentative)",
            "The time of day is not decided yet",
        ]

    def test_a_month_and_nothing_decided_say_so(self) -> None:
        month = When(precision="month", zone=b.NEW_YORK, month="2026-12", certainty="final")
        nothing = When(precision="tba", zone=b.NEW_YORK, certainty="tentative")
        assert when_lines(month, (), "ja") == ["2026年12月", "日付は未定です"]
        assert when_lines(nothing, (), "en") == ["The date is not decided yet"]

    def test_a_tentative_instant_is_marked(self) -> None:
        assert when_lines(b.decided(certainty="tentative"), (b.NEW_YORK,), "ja")[0].endswith("（予定）")


def test_an_unknown_site_leaves_the_place_out(wording: Wording) -> None:
    nowhere = Reader("en", (b.NEW_YORK,), Text())
    assert "Where" not in wording.of(Topic.BOOKING_PLACED, b.placed(), nowhere).text

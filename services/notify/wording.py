"""What a notification says: from the facts of an event to subject, text and HTML in one language."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from services.notify.domain.plan import Topic
from services.notify.moments import span_lines, when_lines
from services.notify.recurring import SERIES, series_words
from services.notify.seminar_words import FIELDS, MODE
from services.notify.standing import standing_words
from services.notify.wishes import ANY
from shared.contracts.booking import BookingEvent, OccurrenceGist, PlaceView, SeriesEvent, WaitEvent
from shared.contracts.events import (
    RegistrationPlaced,
    RegistrationPromoted,
    SeminarCancelled,
    SeminarChanged,
    SeminarGist,
)
from shared.contracts.members import OrganizationStatusChanged, RenewalDue, SessionReused
from shared.contracts.message import BilingualView
from shared.kernel.names import Name, addressed, organization_addressed
from shared.kernel.text import DISGUISES, Language, Text

AboutSeminar = RegistrationPlaced | RegistrationPromoted | SeminarChanged | SeminarCancelled
Facts = BookingEvent | WaitEvent | SeriesEvent | AboutSeminar | OrganizationStatusChanged | RenewalDue | SessionReused
_TEMPLATES: Mapping[Topic, str] = {
    Topic.BOOKING_PLACED: "booking_placed",
    Topic.BOOKING_PROVISIONAL: "booking_provisional",
    Topic.BOOKING_PENDING: "booking_pending",
    Topic.BOOKING_CONFIRMED: "booking_confirmed",
    Topic.BOOKING_REJECTED: "booking_rejected",
    Topic.BOOKING_CANCELLED: "booking_cancelled",
    Topic.BOOKING_EXPIRED: "booking_expired",
    Topic.BOOKING_RECEIVED: "booking_received",
    Topic.BOOKING_HANDED_OVER: "booking_handed_over",
    Topic.BOOKING_REMINDED: "booking_reminded",
    Topic.BOOKING_CHALLENGED: "booking_challenged",
    Topic.BOOKING_MOVED: "booking_moved",
    Topic.BOOKING_CHANGED: "booking_changed",
    Topic.BOOKING_NO_SHOW: "booking_no_show",
    Topic.WAITLIST_JOINED: "waitlist_joined",
    Topic.WAITLIST_OFFERED: "waitlist_offered",
    Topic.WAITLIST_LAPSED: "waitlist_lapsed",
    Topic.WAITLIST_EXPIRED: "waitlist_expired",
    Topic.WAITLIST_CANCELLED: "waitlist_cancelled",
    **dict.fromkeys(SERIES, "series"),
    Topic.REGISTERED: "registered",
    Topic.WAITING: "waiting",
    Topic.PROMOTED: "promoted",
    Topic.SEMINAR_CHANGED: "seminar_changed",
    Topic.SEMINAR_CANCELLED: "seminar_cancelled",
    Topic.SIGN_IN_CODE: "sign_in_code",
    Topic.MEMBERSHIP_CHANGED: "membership_changed",
    Topic.RENEWAL_DUE: "renewal_due",
    Topic.SESSION_REUSED: "session_reused",
}
_PARTS = ("subject", "txt", "html")
_LANGUAGES: tuple[Language, ...] = ("ja", "en")
_BRAND: Mapping[Language, str] = {"ja": "【LINK-J Lounge】", "en": "[LINK-J Lounge] "}
_TENTATIVE_TITLE: Mapping[Language, str] = {"ja": "（仮題）", "en": "(tentative title) "}
_STATUS: Mapping[Language, Mapping[str, str]] = {
    "ja": {"held": "仮押さえ", "provisional": "仮予約", "pending": "承認待ち", "confirmed": "確定"},
    "en": {"held": "on hold", "provisional": "provisional", "pending": "awaiting approval", "confirmed": "confirmed"},
}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {"purpose": "利用目的", "attendees": "人数"},
    "en": {"purpose": "purpose", "attendees": "number of people"},
}
_BECAUSE: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "member-left": "予約者が団体を離れたため",
        "membership-ended": "団体の会員期間が利用日時の前に終わるため",
        "organization-left": "団体が退会したため",
        "organization-suspended": "団体の会員資格の一時停止が続いているため",
        "struck-out": "3回続けてチェックインがなかったため",
        "time-zone-rules": "拠点のタイムゾーンの規則が変わったため（現地時刻はそのままです）",
    },
    "en": {
        "member-left": "its holder has left the organization",
        "membership-ended": "the organization's membership ends before it",
        "organization-left": "the organization has left",
        "organization-suspended": "the organization's membership has been suspended for too long",
        "struck-out": "nobody came three times in a row",
        "time-zone-rules": "the rules of the site's time zone have changed; its local time is what it was",
    },
}
_CLOCKS = "time-zone-rules"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS_SHOWN = frozenset({"title", "title_certainty", "when"})


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom it is written. `zones` are the clocks to show, the site's first.

    A letter to an organization and to nobody in it by name has `organization`; without that and `name`, no salutation.
    """

    language: Language
    zones: tuple[str, ...]
    site_name: Text
    name: Name | None = None
    organization: Text | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """One message in one language. `body` is the text without salutation and foot, as a notice shows it."""

    subject: str
    body: str
    text: str
    html: str


class Wording:
    """Every template in both languages, compiled when made. Raises jinja2's errors then, not at sending time."""

    def __init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=select_autoescape(["html.j2"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        names = [
            f"{name}.{lang}.{part}.j2" for name in {*_TEMPLATES.values()} for lang in _LANGUAGES for part in _PARTS
        ]
        names += [f"letter.{lang}.txt.j2" for lang in _LANGUAGES]
        self._templates: Mapping[str, Template] = {name: environment.get_template(name) for name in names}
        for language in _LANGUAGES:  # loads the tables of zones and languages, so that no first reader waits for them
            span_lines(_EPOCH, None, ("UTC",), language)

    def of(self, topic: Topic, facts: Facts, reader: Reader) -> Words:
        """The words about `facts` for one reader."""
        return self._words(topic, _context(topic, facts, reader), reader)

    def of_code(self, code: str, minutes: int, language: Language) -> Words:
        """The words that carry a sign-in code, valid for `minutes` from now."""
        return self._words(Topic.SIGN_IN_CODE, {"code": [code], "minutes": minutes}, Reader(language, (), Text()))

    def notice(
        self, topic: Topic, facts: Facts, zones: tuple[str, ...], site: Text
    ) -> tuple[BilingualView, BilingualView]:
        """Title and body of an in-app notice, in both languages."""
        subjects, bodies = {}, {}
        for language in _LANGUAGES:
            context = _context(topic, facts, Reader(language, zones, site))
            subjects[language] = self._render(topic, language, "subject", context)
            bodies[language] = self._render(topic, language, "txt", context).strip()
        return BilingualView(**subjects), BilingualView(**bodies)

    def _words(self, topic: Topic, context: dict[str, Any], reader: Reader) -> Words:
        subject = _BRAND[reader.language] + one_line(self._render(topic, reader.language, "subject", context))
        body = self._render(topic, reader.language, "txt", context).strip()
        framed = context | {"greeting": salutation(reader), "subject": subject, "body": body}
        text = self._templates[f"letter.{reader.language}.txt.j2"].render(framed)
        return Words(subject, body, text, self._render(topic, reader.language, "html", framed))

    def _render(self, topic: Topic, language: Language, part: str, context: Mapping[str, Any]) -> str:
        return self._templates[f"{_TEMPLATES[topic]}.{language}.{part}.j2"].render(context)


def one_line(text: str) -> str:
    """Text that people wrote, made safe to stand on one line: no control, direction-turning or unseen characters."""
    kept = ("" if ord(c) in DISGUISES else " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return "".join(kept).strip()


def salutation(reader: Reader) -> str:
    """様 behind a person, 御中 behind an organization, never both; no title in English; empty where nobody is named."""
    if reader.name is not None:
        to = addressed(reader.name, reader.language)
    elif reader.organization is not None:
        to = organization_addressed(reader.organization, reader.language)
    else:
        return ""
    return one_line(to) if reader.language == "ja" else f"Hello {one_line(to)},"


def _context(topic: Topic, facts: Facts, reader: Reader) -> dict[str, Any]:
    match facts:
        case BookingEvent() | WaitEvent():
            return _booking(facts, reader)
        case SeriesEvent():
            return _series(topic, facts, reader)
        case RegistrationPlaced():
            position = [] if facts.position is None else [str(facts.position)]
            return _seminar(facts.seminar, reader) | {
                "mode": [MODE[reader.language][facts.mode]],
                "position": position,
            }
        case RegistrationPromoted():
            return _seminar(facts.seminar, reader) | {"mode": [MODE[reader.language][facts.mode]]}
        case SeminarChanged():
            return _seminar(facts.seminar, reader) | _changes(facts, reader)
        case SeminarCancelled():
            return _seminar(facts.seminar, reader) | {"reason": _lines(facts.reason)}
        case SessionReused():
            return {"times": span_lines(facts.at, None, reader.zones, reader.language)}
        case OrganizationStatusChanged() | RenewalDue():
            return {"organization": [_best(facts.name, reader.language)]} | standing_words(facts, reader.language)


def _booking(facts: BookingEvent | WaitEvent, reader: Reader) -> dict[str, Any]:
    """What events about a booking or a wish may tell; what this one does not is empty, and its row is left out."""
    said = dict(facts)
    place, deadline = one_line(reader.site_name.best(reader.language)), said.get("expires_at")
    until = said.get("booked_until") if said.get("booked_until") != facts.ends_at else None
    return {
        "place": [place] if place else [],
        "resource": [_named(facts, reader.language)],
        "times": span_lines(facts.starts_at, facts.ends_at, reader.zones, reader.language),
        "status": _known([said.get("status", "")], _STATUS[reader.language]),
        "deadline": span_lines(deadline, None, reader.zones, reader.language) if deadline else [],
        "until": span_lines(until, None, reader.zones, reader.language) if until else [],
        "before": said.get("before"),
        "earlier": _earlier(said.get("before"), said.get("because"), reader),
        "kept": said.get("because") == _CLOCKS,
        "changed": _known(said.get("changed", ()), _WORDS[reader.language]),
        "reason": [*_known([said.get("because") or ""], _BECAUSE[reader.language]), *_lines(said.get("reason"))],
        "debit_kept": said.get("debit_kept", False),
        "reference": [facts.id],
    }


def _named(facts: BookingEvent | WaitEvent, language: Language) -> str:
    name = _best(facts.resource_name, language) if facts.resource_name else ""
    return name or facts.resource or ANY[language][dict(facts)["kind"]]


def _series(topic: Topic, facts: SeriesEvent, reader: Reader) -> dict[str, Any]:
    place, said = one_line(reader.site_name.best(reader.language)), dict(facts)
    names = [_best(each.resource_name, reader.language) or each.resource for each in facts.occurrences]
    because = "struck-out" if said.get("struck_out") else said.get("because") or ""
    reason = [*_known([because], _BECAUSE[reader.language]), *_lines(said.get("reason"))]
    whereabouts = {"place": [place] if place else [], "resource": list(dict.fromkeys(names)), "reason": reason}
    whereabouts["earlier"] = _earlier(next(iter(said.get("before", ())), None), because, reader)
    whereabouts["changed"] = _known(said.get("changed", ()), _WORDS[reader.language])
    open_still = topic is Topic.SERIES_CHANGED and facts.status == "pending"
    whereabouts["status"] = _known([facts.status], _STATUS[reader.language]) if open_still else []
    return whereabouts | series_words(topic, facts, reader.zones, reader.language)


def _earlier(before: object, because: str | None, reader: Reader) -> list[str]:
    """Where and when it was; nothing where only a state is told, or where by the present clocks it never was."""
    if not isinstance(before, PlaceView | OccurrenceGist) or because == _CLOCKS:
        return []
    name = _best(before.resource_name, reader.language) or before.resource
    return [name, *span_lines(before.starts_at, before.ends_at, reader.zones, reader.language)]


def _seminar(gist: SeminarGist, reader: Reader) -> dict[str, Any]:
    return {
        "title": [_title(gist, reader.language)],
        "times": when_lines(gist.when, reader.zones or (gist.when.zone,), reader.language),
    }


def _changes(facts: SeminarChanged, reader: Reader) -> dict[str, Any]:
    title, before = _title(facts.seminar, reader.language), _title(facts.before, reader.language)
    times = when_lines(facts.seminar.when, reader.zones, reader.language)
    times_before = when_lines(facts.before.when, reader.zones, reader.language)
    others = [field for field in facts.changed if field not in _ALWAYS_SHOWN]
    return {
        "before_title": [before] if before != title else [],
        "before_times": times_before if times_before != times else [],
        "others": _known(others, FIELDS[reader.language]),
    }


def _title(gist: SeminarGist, language: Language) -> str:
    mark = _TENTATIVE_TITLE[language] if gist.title_certainty == "tentative" else ""
    return mark + _best(gist.title, language)


def _lines(prose: str | None) -> list[str]:
    """What people wrote, line by line, each safe to stand alone."""
    lines = (one_line(line) for line in (prose or "").splitlines())
    return [line for line in lines if line]


def _best(text: BilingualView, language: Language) -> str:
    return one_line(Text(text.ja, text.en).best(language))


def _known(words: Sequence[str], names: Mapping[str, str]) -> list[str]:
    return [names[word] for word in words if word in names]

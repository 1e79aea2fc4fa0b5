"""The bases every contract model stands on: strict, frozen, registered under its literal wire name.

Wire names are class keyword arguments, so a renamed class changes nothing on the wire:
`class PlaceBooking(Command, subject="cmd.booking.place_booking.v1", reply=BookingView)`.
"""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.kernel.text import Text as KernelText
from shared.kernel.text import fault_of_line, fault_of_prose, is_blank
from shared.kernel.time import instant, zone_of


def _line(value: str) -> str:
    if fault := fault_of_line(value):
        raise ValueError(fault)
    return value


def _prose(value: str) -> str:
    if fault := fault_of_prose(value):
        raise ValueError(fault)
    return value


def _note(value: str) -> str:
    if value and is_blank(value):
        raise ValueError("blank")
    return value


def _zone(value: str) -> str:
    zone_of(value)
    return value


def _instant(value: datetime) -> datetime:
    if not 2000 <= value.year <= 2200:
        raise ValueError("out-of-range")
    return instant(value)


def _day(value: date) -> date:
    if not 2000 <= value.year <= 2200:
        raise ValueError("out-of-range")
    return value


Line = Annotated[str, AfterValidator(_line)]
"""A one-line name or title: no control or disguising characters, not blank, at most 100 graphemes."""
Prose = Annotated[str, AfterValidator(_prose)]
Note = Annotated[Prose, AfterValidator(_note)]
"""What somebody writes beside something, a purpose or a reason: not blank, unless it is empty."""
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
SiteId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
Zone = Annotated[str, AfterValidator(_zone)]
"""An IANA zone, `Area/City` or `UTC`."""
Instant = Annotated[AwareDatetime, AfterValidator(_instant)]
"""RFC 3339 with offset; held as UTC in whole milliseconds."""
Day = Annotated[date, AfterValidator(_day)]
"""A day of some zone's calendar, far enough from the ends of time that a zone can be applied to it."""
Language = Literal["ja", "en"]


def personal() -> Any:
    """Marks a field as personal data: `email: Annotated[str, personal()]`. Erasure and log redaction go by it."""
    return Field(json_schema_extra={"personal": True})


UNLESS_TOLD = Field(exclude_if=lambda told: told is None)
"""Not written where there is none: what an earlier version was asked with the same key was the same."""
Reason = Annotated[Note, Field(min_length=1, max_length=500)]
"""Why, for the record."""
Why = Annotated[Reason | None, personal(), UNLESS_TOLD]
"""A command's `reason`, where it need not be given: `reason: Why = None`. Every command of a door has one."""


class Model(BaseModel):
    """A value others send: unknown fields and coerced types are refused. No error repeats what was sent."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        ser_json_inf_nan="null",
        hide_input_in_errors=True,
    )


class View(BaseModel):
    """A value we answer or announce: readers ignore fields they do not know, so one may be added."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class Text(Model):
    """Bilingual text; either language may be missing, not both."""

    ja: Line | None = None
    en: Line | None = None

    def model_post_init(self, _: Any) -> None:
        if self.ja is None and self.en is None:
            raise ValueError("text-missing")

    def kernel(self) -> KernelText:
        return KernelText(self.ja, self.en)


class BilingualView(View):
    """Text as answered: a missing language is null."""

    ja: str | None = None
    en: str | None = None


class Message(View):
    """Anything with a place in the registry: its wire name, its owning service."""

    registry: ClassVar[dict[str, type["Message"]]] = {}
    wire: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, *, wire: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if wire is None:
            return
        if wire in Message.registry:
            raise TypeError(f"{wire} is claimed by {Message.registry[wire].__name__} already")
        cls.wire = wire
        Message.registry[wire] = cls

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**{k: v for k, v in kwargs.items() if k in ConfigDict.__annotations__})


class _Asked(Message):
    reply: ClassVar[type[BaseModel] | None] = None
    service: ClassVar[str]

    model_config = ConfigDict(strict=True, extra="forbid")

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, wire: str | None = None, reply: type[BaseModel] | None = None, **kwargs: Any
    ) -> None:
        super().__pydantic_init_subclass__(wire=wire, **kwargs)
        if wire is not None:
            cls.reply = reply
            cls.service = wire.split(".")[1]


class Command(_Asked):
    """A request that changes; `wire` is its subject `cmd.<service>.<verb_noun>.v1`."""


class Query(_Asked):
    """A request that reads; `wire` is its subject `qry.<service>.<noun>.v1`."""


class Event(Message):
    """Something happened; `wire` is `<service>.<event>.v1`.

    On the stream: subject `evt.<wire>.<aggregate id>`, CloudEvent type `org.link-j.<wire>`.
    """


class State(Message):
    """How a thing now is, for others' copies; `wire` is `<service>.<thing>.v1`, subject `state.<wire>.<id>`.

    `erased` true is a tombstone: only `id`, `sequence`, `erased` are there, and it is kept for ever.
    """


A = TypeVar("A", bound=_Asked)


class Principal(Model):
    """Who asks, as the gateway authenticated it; acting for `organization`, and with an API key by that `key`."""

    kind: Literal["member", "program", "site", "system"]
    id: Id
    organization: Id | None = None
    organizations: tuple[Id, ...] = ()
    roles: frozenset[str] = frozenset()
    site: SiteId | None = None
    scopes: frozenset[str] = frozenset()
    language: Language = "en"
    key: Annotated[Id | None, Field(exclude_if=lambda key: key is None)] = None
    """Not written where there is none: replicas that do not know it yet refuse what they do not know."""


class Asked(Model, Generic[A]):
    """The envelope of a command or query.

    `key` is the client's idempotency key, `deadline` the instant after which nothing may be written any more,
    `if_match` the version the caller saw.
    """

    principal: Principal
    data: A
    correlationid: str
    deadline: Instant
    key: str | None = None
    if_match: int | None = None
    causationid: str | None = None
    traceparent: str | None = None


class Problem(View):
    """What a refusal carries, in both languages; the gateway picks one. `members` are extra members of RFC 9457."""

    code: str
    status: int
    message: BilingualView
    members: dict[str, Any] = {}


class Answer(View):
    """The reply to a command or query: `data` (a contract view) or `problem`, never both."""

    status: int = 200
    replay: bool = False
    data: Any = None
    problem: Problem | None = None


class CloudEvent(BaseModel):
    """CloudEvents 1.0, structured JSON: the one envelope of events, states and site input."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", hide_input_in_errors=True)

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
    source: Annotated[str, Field(min_length=1, max_length=256)]
    type: Annotated[str, Field(min_length=1, max_length=256)]
    time: Instant
    subject: Annotated[str, Field(max_length=256)] | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = None
    sequence: int | None = None
    correlationid: str | None = None
    causationid: str | None = None
    actorid: str | None = None
    traceparent: str | None = None
    data: Any = None

"""Streams, durable consumers and who may say what, as data. One job applies it; services declare nothing.

Times in seconds. Facts behind the numbers: docs/topology.md.
"""

from dataclasses import dataclass

DAY = 86_400
ACK_WAIT = 10
HANDLER_TIMEOUT = 8
MAX_DELIVER = -1
"""No limit: where the server ends one it does so in silence. The retry middleware parks (docs/decisions/0031)."""
SERVICES = ("booking", "members", "events", "notify")


@dataclass(frozen=True, slots=True)
class Stream:
    """A JetStream stream; file storage, limits retention, `discard: new` always."""

    name: str
    subjects: tuple[str, ...]
    max_age: int = 0
    max_msgs_per_subject: int = -1
    max_msg_size: int = 256 * 1024
    max_bytes: int = -1
    duplicate_window: int = 600
    allow_direct: bool = True


@dataclass(frozen=True, slots=True)
class Durable:
    """A pull consumer, explicit acks; its name is `<service>__<what it consumes>`."""

    stream: str
    name: str
    filter: str
    ack_wait: int = ACK_WAIT
    max_deliver: int = MAX_DELIVER
    max_ack_pending: int = 1_000
    personal: bool = False
    """What it delivers may hold a person's data: a dead letter of it is kept without its body."""

    @property
    def service(self) -> str:
        return self.name.split("__", 1)[0]


STREAMS = (
    Stream("EVENTS", ("evt.>",), max_age=30 * DAY),
    Stream("STATE", ("state.>",), max_msgs_per_subject=1),
    Stream("DLQ", ("dlq.>",), max_age=90 * DAY, max_msg_size=512 * 1024),
    Stream("ADVISORY", ("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",), max_age=30 * DAY),
)


def ingest_stream(site: str) -> Stream:
    """A site's own input: a hostile site can neither fill nor pre-empt another's."""
    return Stream(
        f"INGEST_{site}", (f"ingest.{site}.>",), max_age=30 * DAY, max_msg_size=64 * 1024, max_bytes=256 * 1024**2
    )


INGEST_DURABLE = "events__ingest"
"""The same name in every `INGEST_<site>`, so one permission with a wildcard in the stream's place covers all."""


def ingest_durable(site: str) -> Durable:
    return Durable(f"INGEST_{site}", INGEST_DURABLE, f"ingest.{site}.>")


RECEIPTS = Stream("RECEIPTS", ("receipts.>",), max_age=30 * DAY)
"""Lives in each site's own account; the hub's `receipts.<site>.<event id>` arrives there as `receipts.<event id>`."""


def _state(service: str, thing: str, owner: str, *, personal: bool = False) -> Durable:
    return Durable("STATE", f"{service}__{thing}", f"state.{owner}.{thing}.v1.>", personal=personal)


def _event(service: str, event: str, owner: str, *, personal: bool = False) -> Durable:
    return Durable("EVENTS", f"{service}__{event}", f"evt.{owner}.{event}.v1.>", personal=personal)


DURABLES = (
    _state("booking", "organization", "members"),
    _state("booking", "member", "members"),
    _state("booking", "policy", "members"),
    _state("booking", "contact", "members", personal=True),
    _state("members", "site", "booking"),
    _state("events", "site", "booking"),
    _state("events", "member", "members"),
    _state("notify", "site", "booking"),
    _state("notify", "contact", "members", personal=True),
    _state("notify", "registration", "events"),
    _event("notify", "booking_placed", "booking"),
    _event("notify", "booking_submitted", "booking"),
    _event("notify", "booking_confirmed", "booking", personal=True),
    _event("notify", "booking_reminded", "booking"),
    _event("notify", "booking_challenged", "booking"),
    _event("notify", "booking_moved", "booking"),
    _event("notify", "booking_changed", "booking"),
    _event("notify", "booking_cancelled", "booking", personal=True),
    _event("notify", "booking_expired", "booking"),
    _event("notify", "booking_handed_over", "booking"),
    _event("notify", "booking_redacted", "booking"),
    _event("notify", "booking_no_show", "booking"),
    _event("notify", "waitlist_joined", "booking"),
    _event("notify", "waitlist_offered", "booking"),
    _event("notify", "waitlist_ended", "booking"),
    _event("notify", "series_placed", "booking"),
    _event("notify", "series_confirmed", "booking", personal=True),
    _event("notify", "series_changed", "booking"),
    _event("notify", "series_cancelled", "booking", personal=True),
    _event("notify", "series_expired", "booking"),
    _event("notify", "series_handed_over", "booking"),
    _event("notify", "registration_placed", "events"),
    _event("notify", "registration_promoted", "events"),
    _event("notify", "seminar_changed", "events"),
    _event("notify", "seminar_cancelled", "events"),
    _event("notify", "session_reused", "members"),
    _event("notify", "organization_status_changed", "members"),
    _event("notify", "renewal_due", "members"),
    _event("members", "member_changed", "members"),
    *(Durable("EVENTS", f"members__{part}_erased", f"evt.{part}.member_erased.v1.>") for part in SERVICES),
)


@dataclass(frozen=True, slots=True)
class Rights:
    """What one nkey may publish and subscribe in the hub's CORE account, beyond its own inbox."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


PERSONAL = frozenset(durable.name for durable in DURABLES if durable.personal)

_SAGA_COMMANDS = {"members": ("cmd.notify.send_sign_in_code.v1",)}
_ERASES = {
    "members": ("$JS.API.STREAM.MSG.DELETE.STATE",),
    "booking": ("$JS.API.STREAM.MSG.DELETE.EVENTS", "$JS.API.DIRECT.GET.EVENTS.evt.booking.>"),
    "notify": ("$JS.API.STREAM.MSG.DELETE.EVENTS", "$JS.API.DIRECT.GET.EVENTS.evt.notify.>"),
}
"""Older states of a person, and events with what people wrote, are overwritten on disk; no right to do so can be bound
to a subject (docs/decisions/0020)."""


def inbox_prefix(name: str) -> str:
    """What the client of this identity sets as its inbox prefix; no trailing dot."""
    return f"_INBOX_{name}"


def askers_of(service: str) -> tuple[str, ...]:
    """The identities `service` may answer: it publishes to their inboxes and to nobody else's.

    Not `allow_responses`: that lets a question name *any* subject as its reply, `$JS.API.STREAM.PURGE.EVENTS` too.
    """
    sagas = (who for who, asked in _SAGA_COMMANDS.items() if any(c.split(".")[1] == service for c in asked))
    return ("gateway", "ops", *sagas)


def rights_of(service: str) -> Rights:
    """Exactly what a replica of `service` needs: its own words out, its own durables and questions in."""
    own = [d for d in DURABLES if d.service == service]
    publish = [f"{inbox_prefix(asker)}.>" for asker in askers_of(service)]
    publish += [f"evt.{service}.>", f"state.{service}.>", f"$JS.API.DIRECT.GET.STATE.state.{service}.>"]
    publish += [*_SAGA_COMMANDS.get(service, ()), *_ERASES.get(service, ())]
    publish += [w for d in own for w in _pulls(d.stream, d.name)]
    if service == "events":
        publish += ["ingest.*.>", "receipts.*.>", *_pulls("*", INGEST_DURABLE)]
    return Rights(tuple(publish), (f"cmd.{service}.>", f"qry.{service}.>"))


def _pulls(stream: str, durable: str) -> tuple[str, ...]:
    return (
        f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        f"$JS.ACK.{stream}.{durable}.>",
        f"dlq.{durable}.>",
    )


GATEWAY = Rights(
    publish=(
        "cmd.>",
        "qry.>",
        "$JS.API.STREAM.INFO.DLQ",
        "$JS.API.STREAM.INFO.EVENTS",
        "$JS.API.DIRECT.GET.EVENTS",
    ),
    subscribe=("evt.notify.notice_created.v1.>", "evt.booking.>"),
)
"""It reads events by their sequence, without a consumer: nobody's durable is in its reach."""
OPS = Rights(
    publish=("cmd.>", "qry.>", "$JS.API.>", "$JS.ACK.>", "dlq.>", "evt.>", "state.>", "ingest.>"),
    subscribe=("evt.>", "dlq.>"),
)
"""The command line's own key: applies the topology, reads and replays dead letters, asks every service."""

SITE = Rights(
    publish=(
        "events.>",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.INFO.RECEIPTS",
        "$JS.API.CONSUMER.CREATE.RECEIPTS",
        "$JS.API.CONSUMER.CREATE.RECEIPTS.>",
        "$JS.API.CONSUMER.DURABLE.CREATE.RECEIPTS.>",
        "$JS.API.CONSUMER.INFO.RECEIPTS.>",
        "$JS.API.CONSUMER.DELETE.RECEIPTS.>",
        "$JS.API.CONSUMER.MSG.NEXT.RECEIPTS.>",
        "$JS.API.DIRECT.GET.RECEIPTS.receipts.>",
        "$JS.ACK.RECEIPTS.>",
    ),
    subscribe=("receipts.>",),
)
"""A producer's own key, in its own account: it publishes events and reads, by any consumer, what became of them."""

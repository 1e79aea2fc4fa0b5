"""Traces by OpenTelemetry, over OTLP/HTTP. Without an endpoint nothing of OpenTelemetry is imported.

A trace begins at the gateway or in the `traceparent` of whoever asked it, and is carried on by requests, log entries,
events and mail rows; nothing else begins one. What is not sampled carries no `traceparent`, so it costs a comparison.
Parents are always `traceparent` strings, from another process or this one: there is one way to go on with a trace.
"""

import asyncio
import random
import re
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from shared.kernel.refusal import Refusal
from shared.kit.settings import KitSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Kind = Literal["internal", "server", "client", "producer", "consumer"]
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = 0x01
_ASKED_PER_SECOND = 10
"""So many traces a second may callers ask for by their own `traceparent`, whatever our ratio."""
_EXPORT_SECONDS = 1.0
_LAST_SECONDS = 2.0
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_NOTHING: AbstractContextManager[None] = nullcontext()


class Span:
    """One piece of a sampled trace while the context lasts; `traceparent` is what those it asks go on with."""

    def __init__(self, made: Any) -> None:
        self._made = made
        context = made.get_span_context()
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
        self._token: Token[str | None] | None = None

    def __enter__(self) -> Self:
        self._token = _current.set(self.traceparent)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._token is not None:
            _current.reset(self._token)
        if isinstance(error, Refusal):
            self._made.set_attribute("refusal", error.code)
        elif kind is not None:
            self._failed(kind.__name__)
        self._made.end()

    def named(self, name: str, **attributes: str | int) -> None:
        """What it turned out to be. No attribute may hold personal data."""
        self._made.update_name(name)
        self._made.set_attributes(attributes)

    def _failed(self, kind: str) -> None:
        """The message of an error may hold anything, its kind may not."""
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 — see the module

        self._made.set_attribute("error.type", kind)
        self._made.set_status(Status(StatusCode.ERROR))


class _Tracing:
    """What stands behind the functions below where tracing is on."""

    def __init__(self, provider: "TracerProvider", ratio: float) -> None:
        self.provider = provider
        self._tracer = provider.get_tracer("lounge")
        self._ratio = ratio
        self._second, self._asked = 0, 0

    def begins(self, parent: str | None) -> bool:
        """A caller's own decision holds, in bounds; without one the ratio decides."""
        if parent is None:
            return random.random() < self._ratio  # noqa: S311 — a sample, not a secret
        if not is_sampled(parent):
            return False
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._asked = second, 0
        self._asked += 1
        return self._asked <= _ASKED_PER_SECOND

    def span(self, name: str, kind: Kind, parent: str | None, attributes: dict[str, Any]) -> Span:
        from opentelemetry import trace  # noqa: PLC0415 — see the module
        from opentelemetry.context import Context  # noqa: PLC0415 — as above

        context = Context()
        if parent is not None and (found := _TRACEPARENT.fullmatch(parent)):
            ids = int(found[1], 16), int(found[2], 16)
            remote = trace.SpanContext(*ids, is_remote=True, trace_flags=trace.TraceFlags(_SAMPLED))
            context = trace.set_span_in_context(trace.NonRecordingSpan(remote), context)
        made = self._tracer.start_span(name, context=context, kind=trace.SpanKind[kind.upper()], attributes=attributes)
        return Span(made)


_on: list[_Tracing] = []


def configure(settings: KitSettings, service: str) -> None:
    """Once per process, before it works: on where LOUNGE_OTLP_ENDPOINT is set. Raises ValueError for a wrong one."""
    _on.clear()
    if settings.otlp_endpoint:
        provider = _provider(settings.otlp_endpoint, service, settings.replica)
        _on.append(_Tracing(provider, settings.trace_sample))


def _provider(endpoint: str, service: str, replica: int) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 — see the module
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 — as above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 — as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 — as above
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415 — we sample before a span exists

    if not endpoint.startswith(("http://", "https://")):
        raise ValueError("LOUNGE_OTLP_ENDPOINT is an address like http://collector:4318")
    resource = Resource.create({"service.name": f"lounge-{service}", "service.instance.id": f"{service}-{replica}"})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_LAST_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_EXPORT_SECONDS * 1000))
    return provider


async def ended() -> None:
    """What is not yet exported leaves, if that takes two seconds at most."""
    for tracing in _on:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(tracing.provider.shutdown), _LAST_SECONDS)
    _on.clear()


def is_on() -> bool:
    return bool(_on)


def is_sampled(traceparent: str) -> bool:
    """Whether this is a W3C `traceparent` of version 00 whose trace is kept."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return found is not None and bool(int(found[3], 16) & _SAMPLED)


def current() -> str | None:
    """The `traceparent` of the innermost span here; None where nothing is sampled."""
    return _current.get()


def carried(traceparent: str | None) -> str | None:
    """What is written down for whoever goes on: the innermost span, or what came where this process traces nothing."""
    return _current.get() or traceparent


def entry(traceparent: str = "") -> AbstractContextManager[Span | None]:
    """A trace's first span in this house; `traceparent` is the caller's, "" or malformed for none."""
    if not _on:
        return _NOTHING
    parent = traceparent if _TRACEPARENT.fullmatch(traceparent) else None
    if not _on[0].begins(parent):
        return _NOTHING
    return _on[0].span("request", "server", parent, {})


def here(name: str, kind: Kind = "internal", **attributes: str | int) -> AbstractContextManager[Span | None]:
    """A piece of what goes on here; nothing where that is not sampled."""
    parent = _current.get()
    if parent is None or not _on:
        return _NOTHING
    return _on[0].span(name, kind, parent, attributes)


def resumed(
    name: str, kind: Kind, traceparent: str | None, **attributes: str | int
) -> AbstractContextManager[Span | None]:
    """Goes on with what another process or an earlier moment began; nothing where that is not sampled."""
    if traceparent is None or not _on or not is_sampled(traceparent):
        return _NOTHING
    return _on[0].span(name, kind, traceparent, attributes)

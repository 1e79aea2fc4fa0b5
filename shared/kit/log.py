"""Structured logs: one JSON object a line on stderr, a dotted constant as event, fields beside it, no personal data.

Whoever handles a request or message binds `correlationid` once (`correlated`); every line below carries it.
"""

import functools
import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import orjson
import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, merge_contextvars

from shared.kernel.text import DISGUISES
from shared.kit.telemetry import current

_PRIVATE = re.compile(
    r"email|e_mail|phone|token|secret|password|passwd|authorization|seed|^code$|^name$|_name$|^data$|body"
)
_IN_TEXT = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|lk_[\w-]{8,}|full error: .*", re.DOTALL)
"""Addresses, tokens, keys; and what the MongoDB driver adds to a refused write: the whole document."""
_MARKS = ("@", "eyJ", "lk_", "full error:")
"""Without one of these there is nothing `_IN_TEXT` would find."""
_UNSEEN = dict.fromkeys(DISGUISES)
"""What turns the direction of a line or has no width (row U5)."""
_LONGEST = 2_048
"""Bytes of one field."""
_LARGEST = 2**63


def _clean(value: Any) -> Any:
    if isinstance(value, bool | float) or value is None or (isinstance(value, int) and abs(value) < _LARGEST):
        return value
    plain = str(value)
    if plain.isascii() and len(plain) <= _LONGEST and not any(mark in plain for mark in _MARKS):
        return plain
    plain = _IN_TEXT.sub("[redacted]", plain.translate(_UNSEEN))
    return plain.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")


@functools.lru_cache(maxsize=1_024)
def _is_private(field: str) -> bool:
    return field != "event" and _PRIVATE.search(field) is not None


def _redact(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {k: "[redacted]" if _is_private(k) else _clean(v) for k, v in fields.items()}


def _traced(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Within a sampled trace, its id."""
    if (traceparent := current()) is not None:
        fields["trace_id"] = traceparent.split("-")[1]
    return fields


def _end_of_trace(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What was raised stands at the end of a trace: that part is kept."""
    if "exception" in fields:
        fields["exception"] = fields["exception"].encode()[-_LONGEST:].decode("utf-8", "ignore")
    return fields


def configure(*, service: str, replica: int, level: str) -> None:
    """Once per process, first thing."""
    structlog.configure(
        processors=[
            merge_contextvars,
            _traced,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _end_of_trace,
            lambda _, __, fields: {**fields, "service": service, "replica": replica},
            _redact,
            structlog.processors.JSONRenderer(serializer=lambda obj, **_: orjson.dumps(obj).decode()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format='{"level": "%(levelname)s", "event": "library.%(name)s"}')


def get_logger() -> Any:
    return structlog.get_logger()


@contextmanager
def correlated(correlationid: str | None) -> Iterator[None]:
    """Within it, each line carries `correlationid`."""
    with bound_contextvars(correlationid=correlationid):
        yield


def correlate(correlationid: str | None) -> None:
    """From here to the end of the `correlated` around it; for whoever learns the id only by reading the message."""
    bind_contextvars(correlationid=correlationid)

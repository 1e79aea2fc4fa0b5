"""Commands and queries: core request/reply in a queue group per service; every request gets an answer."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from faststream import BaseMiddleware
from faststream.nats import NatsRouter
from pydantic import ValidationError

from shared.contracts.message import Answer, Asked, Command, Query
from shared.kernel.refusal import Invalid, Refusal
from shared.kernel.text import Text
from shared.kit.answers import dumped, refused
from shared.kit.crash import crashpoint
from shared.kit.log import correlated, get_logger
from shared.kit.metrics import COMMAND_SECONDS, COMMANDS
from shared.kit.mongo import is_outage
from shared.kit.nats.request import Unavailable

log = get_logger()
WORKERS = 128
Q = TypeVar("Q", bound=Command | Query)
Handler = Callable[[Any], Awaitable[Answer]]


class Unexpected(Refusal):
    """A fault of ours; the log has its trace under the same correlation id."""

    code = "internal"
    status = 500
    message = Text(ja="内部エラーが発生しました。", en="Something went wrong on our side.")


def _invalid(error: ValidationError) -> Invalid:
    """The paths and kinds of what is wrong; never the input."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return Invalid(errors=[{"path": list(map(str, e["loc"])), "code": e["type"]} for e in found[:20]])


class AnswerRefusals(BaseMiddleware):
    """A refusal is an answer, an unknown outcome is 503, anything else is logged with its trace and answered too."""

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        subject, began = msg.raw_message.subject, time.perf_counter()
        try:
            outcome, reply = "ok", await call_next(msg)
        except Refusal as refusal:
            outcome, reply = refusal.code, dumped(refused(refusal))
            log.info("command.refused", subject=subject, refusal=refusal.code)
        except ValidationError as error:
            outcome, reply = "invalid", dumped(refused(_invalid(error)))
        except Exception as error:
            outcome = "unavailable" if is_outage(error) else "internal"
            reply = dumped(refused(Unavailable() if is_outage(error) else Unexpected()))
            log.exception("command.failed", subject=subject, error=type(error).__name__)
        COMMANDS.labels(subject, outcome).inc()
        COMMAND_SECONDS.labels(subject).observe(time.perf_counter() - began)
        return reply


async def _raw_body(msg: Any) -> bytes:
    body: bytes = msg.body
    return body


class Commands:
    """The router of one service's commands and queries."""

    def __init__(self) -> None:
        self.router = NatsRouter(middlewares=[AnswerRefusals])

    def __call__(self, model: type[Q]) -> Callable[[Callable[[Asked[Q]], Awaitable[Answer]]], Handler]:
        """Answers `model`, whose subject and queue group follow from its wire name."""
        envelope = Asked[model]  # type: ignore[valid-type]

        def wire(handler: Callable[[Asked[Q]], Awaitable[Answer]]) -> Handler:
            async def handle(body: bytes) -> bytes:
                ask = envelope.model_validate_json(body)
                with correlated(ask.correlationid):
                    reply = dumped(await handler(ask))
                await crashpoint("command.before_reply")
                return reply

            subscriber = self.router.subscriber(
                model.wire, queue=model.service, max_workers=WORKERS, decoder=_raw_body, title=model.wire
            )
            subscriber(handle)
            return handler

        return wire

    def plain(self, subject: str, queue: str) -> Callable[[Callable[[bytes], Awaitable[bytes]]], Any]:
        """Answers a subject that every replica (`queue` empty) or one of them answers, bytes in, bytes out."""
        return self.router.subscriber(subject, queue=queue, max_workers=4, decoder=_raw_body, title=subject)

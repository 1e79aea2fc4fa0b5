"""Asking a service: one request, one reply, and what silence means."""

from datetime import timedelta
from typing import Any

import orjson
from nats.errors import ConnectionClosedError, NoRespondersError, OutboundBufferLimitError
from nats.errors import TimeoutError as NatsTimeout

from shared.contracts.message import Asked, Command, Principal, Query
from shared.kernel.ids import new_id
from shared.kernel.refusal import Refusal
from shared.kernel.text import Text
from shared.kernel.time import Clock
from shared.kit import telemetry
from shared.kit.nats.broker import LoungeBroker

COMMAND_SECONDS = 8.0


class Unavailable(Refusal):
    """Nobody answers that subject now: nothing was done."""

    code = "unavailable"
    status = 503
    message = Text(ja="ただいま利用できません。少し後にお試しください。", en="That part is not available right now.")


class TimedOut(Refusal):
    """No answer in time: it may or may not have been done; the same key may be retried."""

    code = "timed-out"
    status = 504
    message = Text(ja="時間内に応答がありませんでした。", en="No answer in time; retry with the same Idempotency-Key.")


class Refused(Refusal):
    """The other service's refusal, raised for a caller that does not look into answers."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(message=Text(**problem["message"]), **problem.get("members", {}))
        self.code, self.status = problem["code"], problem["status"]  # type: ignore[misc] # the other service's own


class Caller:
    """Requests over the process's own connection."""

    def __init__(self, broker: LoungeBroker, clock: Clock) -> None:
        self._broker = broker
        self._turnstile = broker.turnstile
        self._clock = clock

    async def raw(self, subject: str, payload: bytes, *, seconds: float = COMMAND_SECONDS) -> bytes:
        """The reply's bytes. Raises Unavailable (no responder, not connected) or TimedOut."""
        await self._turnstile.enter()
        try:
            client: Any = self._broker.config.connection_state.connection
            if not client.is_connected:
                raise Unavailable
            reply = await client.request(subject, payload, timeout=seconds)
        except (NoRespondersError, ConnectionClosedError, OutboundBufferLimitError) as error:
            raise Unavailable from error
        except NatsTimeout as error:
            raise TimedOut from error
        finally:
            self._turnstile.leave()
        return bytes(reply.data)

    async def everyone(self, subject: str, payload: bytes, *, seconds: float = 1.0, quiet: float = 0.15) -> list[bytes]:
        """What every replica replies: the first within `seconds`, then until it was `quiet`. Raises Unavailable."""
        client: Any = self._broker.config.connection_state.connection
        if not client.is_connected:
            raise Unavailable
        inbox, found, wait = client.new_inbox(), list[bytes](), seconds
        subscription = await client.subscribe(inbox)
        try:
            await client.publish(subject, payload, reply=inbox)
            while (reply := await subscription.next_msg(timeout=wait)).data:
                found.append(bytes(reply.data))
                wait = quiet
        except NatsTimeout:
            return found
        finally:
            await subscription.unsubscribe()
        return found

    async def request(
        self,
        asked: Command | Query,
        *,
        principal: Principal,
        correlationid: str | None = None,
        key: str | None = None,
        if_match: int | None = None,
        seconds: float = COMMAND_SECONDS,
    ) -> Any:
        """The answer's data, as parsed JSON. Raises Refused for the other's refusal, Unavailable, TimedOut."""
        now = self._clock.now()
        envelope = Asked[Any](
            principal=principal,
            data=asked,
            correlationid=correlationid or new_id(now),
            deadline=now + timedelta(seconds=seconds),
            key=key,
            if_match=if_match,
        )
        with telemetry.here(f"ask {asked.wire}", "client") as span:
            if span is not None:
                envelope = envelope.model_copy(update={"traceparent": span.traceparent})
            payload = envelope.model_dump_json(by_alias=True).encode()
            answer = orjson.loads(await self.raw(asked.wire, payload, seconds=seconds))
        if problem := answer.get("problem"):
            raise Refused(problem)
        return answer["data"]

"""Stand-ins for the four services on the real nats-server, each with its own identity and rights.

They read every request as the real ones do (`Asked[...]` of its contract, strictly) and answer what the test told them.
"""

import asyncio
import hashlib
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import orjson
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey
from nats.aio.client import Client

import shared.contracts.booking
import shared.contracts.events
import shared.contracts.members
import shared.contracts.notify  # noqa: F401 - fills the registry, as the three before
from shared.contracts.booking import ListBookings
from shared.contracts.members import (
    TOKEN_AUDIENCE,
    TOKEN_ISSUER,
    BeginSignIn,
    FinishSignIn,
    Jwks,
    ResolveApiKey,
    RevokedSessions,
)
from shared.contracts.message import Asked, Message
from shared.contracts.ops import status_subject
from shared.contracts.topology import SERVICES
from shared.kit.clock import SystemClock
from tests.support.servers import Servers

T = TypeVar("T")
Answers = Callable[[dict[str, Any]], Mapping[str, Any]]
KEY = OKPKey.generate_key("Ed25519")
KID = "test-key"


def token(**changes: Any) -> str:
    """An access token as members signs them; `changes` are claims, or `header`, `key`."""
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": KID} | changes.pop("header", {})
    key = changes.pop("key", KEY)
    at = int(SystemClock().now().timestamp())
    claims = {
        "iss": TOKEN_ISSUER,
        "aud": TOKEN_AUDIENCE,
        "sub": "m1",
        "iat": at,
        "nbf": at,
        "exp": at + 600,
        "jti": "j1",
        "sid": "s1",
        "org": "o1",
        "orgs": ["o1", "o2"],
        "roles": ["member"],
        "site": None,
        "lang": "en",
    } | changes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])


class FakeServices:
    """All four, in a thread of their own. `answers` is by subject; what is not there gets a plain success."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._clients: dict[str, Client] = {}
        self.answers: dict[str, Answers] = {}
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.api_keys: dict[str, dict[str, Any]] = {}
        self.revoked: list[str] = []
        self.unreadable: list[str] = []
        self._held: dict[str, asyncio.Event] = {}

    def start(self) -> None:
        self._thread.start()
        for service in SERVICES:
            self.open(service)

    def stop(self) -> None:
        for service in list(self._clients):
            self.close(service)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def open(self, service: str) -> None:
        """The service answers from now on."""
        self._clients[service] = self.run(self._opened(service))

    def reopen(self) -> None:
        """All of them, after the server was away: their plain clients do not come back by themselves."""
        for service in SERVICES:
            with suppress(Exception):
                self.run(self._clients.pop(service).close())
            self.open(service)

    def close(self, service: str) -> None:
        """The service is gone."""
        self.run(self._clients.pop(service).drain())

    def say(self, service: str, subject: str, payload: bytes) -> None:
        """Publishes, as this service may."""

        async def published() -> None:
            await self._clients[service].publish(subject, payload)
            await self._clients[service].flush()

        self.run(published())

    @contextmanager
    def holding(self, subject: str) -> Iterator[None]:
        """The first of this subject is heard, and it and those behind it are answered once the block ends."""
        gate = self._held[subject] = asyncio.Event()
        try:
            yield
        finally:
            del self._held[subject]
            self._loop.call_soon_threadsafe(gate.set)

    def asked(self, subject: str) -> list[dict[str, Any]]:
        """The envelopes of this subject heard so far."""
        return [envelope for heard, envelope in self.heard if heard == subject]

    async def _opened(self, service: str) -> Client:
        client = await self._servers.client(service)
        for kind in ("cmd", "qry"):
            await client.subscribe(f"{kind}.{service}.>", queue=service, cb=self._hear)
        await client.flush()
        return client

    async def _hear(self, message: Any) -> None:
        envelope = orjson.loads(message.data)
        self.heard.append((message.subject, envelope))
        if message.subject in self._held:
            await self._held[message.subject].wait()
        try:
            reply = self._reply(message.subject, envelope, message.data)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
            self.unreadable.append(f"{message.subject}: {error}")
            reply = problem("internal", 500)
        await message.respond(orjson.dumps(reply))

    def _reply(self, subject: str, envelope: dict[str, Any], raw: bytes) -> Mapping[str, Any]:
        service = subject.split(".")[1]
        if subject == status_subject(service):
            return ok(status_of(service))
        contract: Any = Message.registry[subject]
        Asked[contract].model_validate_json(raw)
        if subject in self.answers:
            return self.answers[subject](envelope)
        return self._usual(subject, envelope)

    def _usual(self, subject: str, envelope: dict[str, Any]) -> Mapping[str, Any]:
        if subject == Jwks.wire:
            return ok({"keys": [{**KEY.as_dict(private=False), "alg": "EdDSA", "use": "sig", "kid": KID}]})
        if subject == RevokedSessions.wire:
            return ok({"sessions": self.revoked})
        if subject == ResolveApiKey.wire:
            found = self.api_keys.get(envelope["data"]["hash"])
            return ok(found) if found else problem("unknown-api-key", 401)
        if subject == ListBookings.wire:
            return ok({"items": [{"id": "b1", "version": 1}], "next": "after-b1"})
        if subject == BeginSignIn.wire:
            return ok({"authorization_url": "https://accounts.bio.example/authorize", "expires_in": 600})
        if subject == FinishSignIn.wire:
            return ok({"tokens": {"access_token": "a", "token_type": "Bearer", "expires_in": 600}, "return_to": None})
        if subject.endswith(".personal_data.v1"):
            return ok({"sections": [], "next": None})
        return ok({"id": "thing", "version": 7})

    def add_key(self, secret: str, **principal: Any) -> None:
        """An API key that lets `principal` in."""
        self.api_keys[hashlib.sha256(secret.encode()).hexdigest()] = {"key": "k1"} | principal


def ok(data: Any, *, status: int = 200, replay: bool = False) -> dict[str, Any]:
    return {"status": status, "replay": replay, "data": data}


def problem(code: str, status: int, **members: Any) -> dict[str, Any]:
    text = {"ja": "だめです。", "en": "No."}
    return {"status": status, "problem": {"code": code, "status": status, "message": text, "members": members}}


def status_of(service: str) -> dict[str, Any]:
    return {
        "service": service,
        "replica": 1,
        "pid": 1,
        "ready": True,
        "health": {"status": "ok"},
        "lag": {f"{service}__thing": 3},
        "unsent": {},
        "oldest_unsent_seconds": 0.5,
        "uptime_seconds": 1.0,
    }

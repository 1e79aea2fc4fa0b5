"""Who asks: from an access token or an API key to the principal every message carries."""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.gateway.problems import header, language_of
from services.gateway.refusals import KeyForOneOrganization, NotForThisPrincipal, Unauthenticated
from services.gateway.tokens import KeySet, UnknownKey
from shared.contracts.members import KEY_SET_CACHE, Jwks, PrincipalView, ResolveApiKey, RevokedSessions
from shared.contracts.message import Principal
from shared.kernel.ids import ID_PATTERN
from shared.kernel.refusal import Refusal
from shared.kernel.text import Language
from shared.kit.access import tell_refused
from shared.kit.health import Health
from shared.kit.log import get_logger
from shared.kit.nats.request import Caller, Refused, Unavailable

log = get_logger()
OURSELVES = Principal(kind="system", id="gateway")
"""The gateway's own questions: it has no role, so it may do nothing else."""
ANONYMOUS = Principal(kind="program", id="anonymous")
API_KEY_SECONDS = 2.0
REVOCATION_SECONDS = 2.0
_KNOWN_HERE_SECONDS = 60.0
"""Longer than the pages of an answer that was begun before a session's end may take."""
_REFETCH_SECONDS = 2.0
_FETCH_SECONDS = 2.0
_MOST_CACHED = 10_000
_API_KEY = re.compile(r"lk_[A-Za-z0-9_-]{16,128}")
_LONGEST_ORGANIZATION = 64


@dataclass(slots=True)
class Asker:
    """A principal as authenticated, and what of it each message repeats.

    It is good `until` (Unix seconds), and need not be asked for again before `fresh_until` (monotonic seconds).
    """

    principal: Principal
    until: float
    session: str | None = None
    fresh_until: float = float("inf")
    json: bytes = b""
    _acting: dict[str, "Asker"] = field(default_factory=dict)
    _reading: dict[Language, "Asker"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.json = self.principal.model_dump_json().encode()

    def acting_for(self, organization: str) -> "Asker":
        """The same, for another of their organizations.

        Raises NotForThisPrincipal for one that is not theirs, KeyForOneOrganization for any where a key asks.
        """
        if organization == self.principal.organization:
            return self
        of_a_key = self.principal.kind == "program"
        if of_a_key or organization not in self.principal.organizations:
            refusal = KeyForOneOrganization() if of_a_key else NotForThisPrincipal()
            known_form = ID_PATTERN.fullmatch(organization)
            named = f"organization={organization}" if known_form else ""
            tell_refused(self.principal, refusal, asked="Acting-Organization", ids=named)
            raise refusal
        if organization not in self._acting:
            self._acting[organization] = self._with(organization=organization)
        return self._acting[organization]

    def reading(self, language: Language) -> "Asker":
        """The same, reading this answer in `language`."""
        if language == self.principal.language:
            return self
        if language not in self._reading:
            self._reading[language] = self._with(language=language)
        return self._reading[language]

    def _with(self, **changed: str) -> "Asker":
        return Asker(self.principal.model_copy(update=changed), self.until, self.session, self.fresh_until)


NOBODY = Asker(ANONYMOUS, float("inf"))


def _freely() -> None:
    """Whoever asks, nothing is counted."""


class Authenticator:
    """Checks credentials; remembers a verified token until it expires and a resolved key for two seconds."""

    def __init__(self, caller: Caller, health: Health) -> None:
        self._caller = caller
        self._health = health
        self._keys = KeySet(())
        self._fetched = 0.0
        self._tried = float("-inf")
        self._fetching = asyncio.Lock()
        self._known: OrderedDict[str, Asker] = OrderedDict()
        self._revoked: frozenset[str] = frozenset()
        self._ended_here: dict[str, float] = {}

    @property
    def has_keys(self) -> bool:
        return len(self._keys) > 0

    @property
    def key_set(self) -> dict[str, Any]:
        """The keys access tokens are verified with, as a JWK set."""
        return {"keys": self._keys.shown}

    async def of(
        self, scope: Mapping[str, Any], *, now: float, before_asking: Callable[[], None] = _freely
    ) -> Asker | None:
        """Who asks, or None where no credential was sent. Raises Unauthenticated for one that is not good.

        `before_asking` is called before members is asked about a credential never seen before, and may raise.
        """
        authorization = header(scope, b"authorization")
        if authorization:
            kind, _, credential = authorization.decode("latin-1").partition(" ")
            if kind.lower() != "bearer":
                raise Unauthenticated
        else:
            credential = header(scope, b"x-api-key").decode("latin-1")
            if not credential:
                return None
        asker = await self._checked(credential.strip(), now, before_asking)
        if organization := header(scope, b"acting-organization"):
            asker = asker.acting_for(organization[:_LONGEST_ORGANIZATION].decode("latin-1"))
        accepted = header(scope, b"accept-language")
        return asker.reading(language_of(accepted, asker.principal.language)) if accepted else asker

    def still_good(self, asker: Asker, *, now: float) -> bool:
        """Whether what was verified holds at the Unix second `now`."""
        return now <= asker.until and (asker.session is None or asker.session not in self._revoked)

    async def _checked(self, credential: str, now: float, before_asking: Callable[[], None]) -> Asker:
        asker = self._known.get(credential)
        if asker is not None and time.monotonic() <= asker.fresh_until:
            self._known.move_to_end(credential)
        else:
            if _API_KEY.fullmatch(credential) is None:
                asker = await self._by_token(credential, now, before_asking)
            else:
                if asker is None:
                    before_asking()
                asker = await self._by_key(credential)
            self._known[credential] = asker
            if len(self._known) > _MOST_CACHED:
                self._known.popitem(last=False)
        if not self.still_good(asker, now=now):
            raise Unauthenticated
        return asker

    async def _by_token(self, token: str, now: float, before_asking: Callable[[], None]) -> Asker:
        try:
            verified = self._keys.verify(token, now=now)
        except UnknownKey:
            before_asking()
            await self.refresh_keys()
            try:
                verified = self._keys.verify(token, now=now)
            except UnknownKey:
                raise Unauthenticated from None
        return Asker(verified.principal, verified.expires, verified.session)

    async def _by_key(self, secret: str) -> Asker:
        digest = hashlib.sha256(secret.encode()).hexdigest()
        try:
            data = await self._caller.request(ResolveApiKey(hash=digest), principal=OURSELVES)
        except Refused as refused:
            if refused.status in (401, 404):
                raise Unauthenticated from None
            raise
        view = PrincipalView.model_validate_json(orjson.dumps(data))
        expires = view.expires_at.timestamp() if view.expires_at is not None else float("inf")
        return Asker(view.principal(), expires, fresh_until=time.monotonic() + API_KEY_SECONDS)

    async def refresh_keys(self) -> None:
        """The current key set; where members is away, the old one stays. Raises Unavailable or TimedOut.

        One try at a time, two seconds long at most and two apart. Who waited while one ended has its result.
        """
        began = time.monotonic()
        async with self._fetching:
            if self.has_keys and (self._tried >= began or time.monotonic() - self._tried < _REFETCH_SECONDS):
                return
            if self._tried >= began:
                raise Unavailable
            try:
                data = await self._caller.request(Jwks(), principal=OURSELVES, seconds=_FETCH_SECONDS)
                self._keys, self._fetched = KeySet(data["keys"]), time.monotonic()
            finally:
                self._tried = time.monotonic()
            if self.has_keys:
                self._health.good("key-set")

    async def keep_fresh(self) -> None:
        """Runs beside the requests: the key set before it grows stale, the revoked sessions every two seconds."""
        while True:
            if not self.has_keys:
                self._health.bad("key-set", "not there yet")
            try:
                if not self.has_keys or time.monotonic() - self._fetched > KEY_SET_CACHE / 2:
                    await self.refresh_keys()
                await self.refresh_revoked()
            except Refusal as refusal:
                log.warning("auth.members_away", refusal=refusal.code)
            await asyncio.sleep(REVOCATION_SECONDS if self.has_keys else 0.2)

    async def refresh_revoked(self) -> None:
        """The sessions that have ended: all members tells, page by page, and those of here it may not know yet."""
        told, after = set[str](), None
        while True:
            page = RevokedSessions(after=after)
            data = await self._caller.request(page, principal=OURSELVES, seconds=REVOCATION_SECONDS)
            told.update(data["sessions"])
            if (after := data.get("next")) is None:
                break
        at = time.monotonic()
        self._ended_here = {session: until for session, until in self._ended_here.items() if at < until}
        self._revoked = frozenset(told | self._ended_here.keys())

    def forget(self, session: str) -> None:
        """A session ended here is over here at once, also while an answer from before its end is on its way."""
        self._ended_here[session] = time.monotonic() + _KNOWN_HERE_SECONDS
        self._revoked = self._revoked | {session}

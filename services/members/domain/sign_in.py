"""Sign-in by a code sent to an address: how often, how long, how many tries. The same for addresses nobody has."""

from __future__ import annotations

import hmac
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.kernel.refusal import Refusal
from shared.kernel.text import Text

CODE_LIFETIME = timedelta(minutes=10)
_TRIES = 5
_SENDS, _SENDS_WITHIN = 3, timedelta(minutes=15)
_FAILURES, _FAILURES_WITHIN = 20, timedelta(days=1)
_CLIENT_WITHIN = timedelta(hours=1)


class WrongCode(Refusal):
    """Wrong, expired, used already, or never sent: one answer for all."""

    code = "wrong-code"
    status = 401
    message = Text(ja="コードが正しくないか、期限切れです。", en="The code is wrong or has expired.")


class TooManyAttempts(Refusal):
    """`retry_after` in whole seconds."""

    code = "too-many-attempts"
    status = 429
    message = Text(ja="試行回数の上限です。時間をおいてください。", en="Too many attempts; please wait a while.")


@dataclass(frozen=True, slots=True)
class Code:
    """`digest` is a keyed hash; `tries` counts the wrong ones."""

    digest: str
    expires_at: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one guess leaves behind, and whether it was right."""

    after: SignIn
    right: bool


@dataclass(frozen=True, slots=True)
class SignIn:
    """What goes on with one address: only the newest code counts; `sends` and `failures` are instants."""

    code: Code | None = None
    sends: tuple[datetime, ...] = ()
    failures: tuple[datetime, ...] = ()

    def request(self, digest: str, at: datetime) -> SignIn:
        """A new code replaces the one before. Raises TooManyAttempts."""
        self._check_failures(at)
        sends = _within(self.sends, _SENDS_WITHIN, at)
        if len(sends) >= _SENDS:
            raise TooManyAttempts(retry_after=_seconds(sends[-_SENDS] + _SENDS_WITHIN - at))
        return replace(self, code=Code(digest, at + CODE_LIFETIME), sends=(*sends, at))

    def not_sent(self, at: datetime) -> SignIn:
        """The code requested at `at` cannot have left the house: it costs nobody a send."""
        return replace(self, sends=_without_one(self.sends, at))

    def attempt(self, digests: AbstractSet[str], at: datetime) -> Attempt:
        """A guess, right where the code has one of `digests`. A right one uses the code up, a wrong one counts.

        Raises, leaving nothing behind: WrongCode where no code is alive, TooManyAttempts after five wrong guesses at
        this code or twenty within a day.
        """
        self._check_failures(at)
        if self.code is None or at >= self.code.expires_at:
            raise WrongCode
        if self.code.tries >= _TRIES:
            raise TooManyAttempts(retry_after=_seconds(self.code.expires_at - at))
        if any(hmac.compare_digest(self.code.digest, digest) for digest in digests):
            return Attempt(replace(self, code=None), right=True)
        failures = (*_within(self.failures, _FAILURES_WITHIN, at), at)
        return Attempt(
            replace(self, code=replace(self.code, tries=self.code.tries + 1), failures=failures), right=False
        )

    def _check_failures(self, at: datetime) -> None:
        failures = _within(self.failures, _FAILURES_WITHIN, at)
        if len(failures) >= _FAILURES:
            raise TooManyAttempts(retry_after=_seconds(failures[-_FAILURES] + _FAILURES_WITHIN - at))


@dataclass(frozen=True, slots=True)
class Client:
    """What comes from one network: the instants at which codes were sent for it, to whatever addresses."""

    sends: tuple[datetime, ...] = ()

    def request(self, at: datetime, *, most: int) -> Client:
        """One code more within an hour. Raises TooManyAttempts for more than `most`."""
        sends = _within(self.sends, _CLIENT_WITHIN, at)
        if len(sends) >= most:
            raise TooManyAttempts(retry_after=_seconds(sends[-most] + _CLIENT_WITHIN - at))
        return Client((*sends, at))

    def not_sent(self, at: datetime) -> Client:
        """The code requested at `at` was refused after all, or cannot have left the house."""
        return Client(_without_one(self.sends, at))


def _without_one(instants: tuple[datetime, ...], at: datetime) -> tuple[datetime, ...]:
    """Without one of those that are `at`: others may have come at the same millisecond."""
    place = instants.index(at) if at in instants else len(instants)
    return (*instants[:place], *instants[place + 1 :])


def _within(instants: tuple[datetime, ...], span: timedelta, at: datetime) -> tuple[datetime, ...]:
    return tuple(i for i in instants if at - i < span)


def _seconds(left: timedelta) -> int:
    return max(1, -(-left // timedelta(seconds=1)))

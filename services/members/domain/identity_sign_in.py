"""Signing in with an organization's account: what is begun in a browser ends in that browser, once, in ten minutes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

from shared.kernel.ids import derived_id
from shared.kernel.refusal import Invalid, Refusal
from shared.kernel.text import Text

SIGN_IN_LIFETIME = timedelta(minutes=10)
TICKET_LIFETIME = timedelta(minutes=1)
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,1024}")
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


class NotBegunHere(Refusal):
    """Unknown, of another browser, too old, or finished before: one answer for all."""

    code = "sign-in-not-begun-here"
    status = 400
    message = Text(
        ja="このサインインはこのブラウザーで開始されていないか、期限切れか、完了済みです。もう一度お試しください。",
        en="This sign-in was not begun in this browser, is over ten minutes old, or was finished; please begin again.",
    )


class ReturnNotAllowed(Invalid):
    code = "return-not-allowed"
    message = Text(
        ja="戻り先の URL は許可されていません。code_challenge も必要です。",
        en="Signing in does not lead back to that URL; it needs a code_challenge too.",
    )


class NoPublicAddress(Refusal):
    """LOUNGE_PUBLIC_URL is not set: a provider would not know where to send the browser back to."""

    code = "no-public-address"
    message = Text(
        ja="このシステムでは所属組織のアカウントでのサインインを利用できません。",
        en="This installation offers no sign-in with an organization's account.",
    )


@dataclass(frozen=True, slots=True)
class Handover:
    """Where the browser is sent with a ticket, and the S256 challenge whose verifier turns it into tokens."""

    return_to: str
    challenge: str

    def url(self, **told: str) -> str:
        """Where to send the browser, with `code` or `error`."""
        parts = urlsplit(self.return_to)
        query = "&".join(filter(None, [parts.query, urlencode(told)]))
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


@dataclass(frozen=True, slots=True)
class Begun:
    """`browser` is the hash of the browser's cookie; `issuer` the provider's as it was when this began."""

    organization: str
    issuer: str
    browser: str
    expires_at: datetime
    handover: Handover | None = None

    def check(self, browser: str | None, at: datetime) -> None:
        """Raises NotBegunHere."""
        if browser is None or not hmac.compare_digest(self.browser, browser) or at >= self.expires_at:
            raise NotBegunHere


@dataclass(frozen=True, slots=True)
class Ticket:
    """Stands for a session that is not opened yet."""

    member: str
    challenge: str
    expires_at: datetime

    def check(self, verifier: str, at: datetime) -> None:
        """Raises NotBegunHere."""
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if not hmac.compare_digest(self.challenge, made) or at >= self.expires_at:
            raise NotBegunHere


@dataclass(frozen=True, slots=True)
class IdentityLinked:
    """From now on this subject of the provider is this member."""

    id: str
    member: str


@dataclass(frozen=True, slots=True)
class IdentityUnlinked:
    """From now on this subject of the provider is nobody."""

    id: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a subject of a provider is here: found by the first verified address, and by the subject ever after."""

    id: str
    issuer: str
    member: str

    @property
    def claims(self) -> tuple[str, ...]:
        """A member is one subject of a provider, so an address given to somebody else there opens nothing."""
        return (f"identity|{derived_id(self.issuer)}|{self.member}",)


def identity_id(issuer: str, subject: str) -> str:
    """The same for the same subject of the same provider; tells neither."""
    return derived_id("identity", issuer, subject)


def handover(return_to: str | None, challenge: str | None, origins: Collection[str]) -> Handover | None:
    """Where to lead back to, if anywhere: to one of `origins`, or to a program listening on this very machine.

    Raises ReturnNotAllowed.
    """
    if return_to is None and challenge is None:
        return None
    if return_to is None or challenge is None or not _PRINTABLE.fullmatch(return_to):
        raise ReturnNotAllowed
    try:
        parts = urlsplit(return_to)
        local = parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.port is not None
    except ValueError:
        raise ReturnNotAllowed from None
    known = f"{parts.scheme}://{parts.netloc}" in origins
    if not (known or local) or "@" in parts.netloc or parts.fragment or "\\" in return_to:
        raise ReturnNotAllowed
    return Handover(return_to, challenge)

"""A seminar: what was said about it, how certain it is, and which word of its site is the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from services.events.domain.when import Certainty, When
from shared.kernel.decision import Decision
from shared.kernel.ids import derived_id
from shared.kernel.refusal import Refusal
from shared.kernel.text import Text

Mode = Literal["onsite", "online"]
Status = Literal["draft", "announced", "cancelled"]
MODES: tuple[Mode, ...] = ("onsite", "online")

_OWN = ("title", "title_certainty", "when", "modes")
TOLD = ("title", "title_certainty", "when", "venue", "format")
"""The fields people were told; a change of any other is nobody's news."""


class SeminarCalledOff(Refusal):
    code: ClassVar[str] = "seminar-cancelled"
    message = Text(ja="このセミナーは中止になりました。", en="This seminar has been cancelled.")


class SeminarOver(Refusal):
    code: ClassVar[str] = "seminar-over"
    message = Text(ja="このセミナーは終了しました。", en="This seminar is over.")


class ModeNotOffered(Refusal):
    code: ClassVar[str] = "mode-not-offered"
    message = Text(ja="その参加方法はありません。", en="This seminar cannot be attended that way.")


@dataclass(frozen=True, slots=True)
class Content:
    """What its announcer says. `modes` maps each way to attend to its capacity, None for unlimited;
    `details` holds what no rule reads (venue, format, topics, …) as plain JSON values.
    """

    title: Text
    title_certainty: Certainty
    when: When
    modes: Mapping[Mode, int | None] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def differing(self, other: Content) -> tuple[str, ...]:
        """Names of the fields that differ, in a fixed order."""
        own = [name for name in _OWN if getattr(self, name) != getattr(other, name)]
        keys = sorted({*self.details, *other.details})
        return (*own, *(key for key in keys if self.details.get(key) != other.details.get(key)))


@dataclass(frozen=True, slots=True)
class SeminarAnnounced:
    seminar: Seminar


@dataclass(frozen=True, slots=True)
class SeminarChanged:
    """People were told otherwise before."""

    seminar: Seminar
    before: Seminar
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeminarRevised:
    seminar: Seminar
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeminarCancelled:
    seminar: Seminar


@dataclass(frozen=True, slots=True)
class CancelledUnseen:
    """The cancellation came before the seminar itself; kept so that a late announcement stays without effect."""

    id: str
    sequence: int


SeminarEvent = SeminarAnnounced | SeminarChanged | SeminarRevised | SeminarCancelled | CancelledUnseen


@dataclass(frozen=True, slots=True)
class Seminar:
    """`content` is None only while all that is known is its cancellation. `sequence` is its site's, -1 for our own."""

    id: str
    site: str
    status: Status
    content: Content | None
    external_id: str | None = None
    sequence: int = -1
    reason: str | None = None

    @property
    def public(self) -> bool:
        return self.content is not None and self.status != "draft"

    def capacity(self, mode: Mode, at: datetime) -> int | None:
        """Of a mode people may register for now; None is unlimited. Raises the refusal that says why they may not."""
        if self.status == "cancelled":
            raise SeminarCalledOff(seminar=self.id)
        assert self.content is not None
        if self.content.when.over(at):
            raise SeminarOver(seminar=self.id)
        if mode not in self.content.modes:
            raise ModeNotOffered(mode=mode, offered=sorted(self.content.modes))
        return self.content.modes[mode]

    def seats_differ(self, before: Seminar) -> bool:
        """Whether more or fewer may attend than before, or it is to come again: another status, or another time."""
        if self.content is None or before.content is None:
            return False
        then, now = before.content, self.content
        return (self.status, now.modes, now.when) != (before.status, then.modes, then.when)

    def promotes(self, at: datetime) -> bool:
        """Whether a freed seat is still of use: it takes place, and has not begun."""
        when = self.content.when if self.content is not None else None
        return self.status == "announced" and when is not None and not when.started(at) and not when.over(at)

    def waits_until(self, wanted: datetime, at: datetime) -> datetime | None:
        """When one who waits looks again: as `wanted`; daily while it is called off; never once it is over."""
        if self.content is None or self.content.when.over(at):
            return None
        return wanted if self.promotes(at) else at + timedelta(days=1)


def seminar_id(site: str, external_id: str) -> str:
    """Identity of a site's seminar is (site, external_id)."""
    return derived_id("seminar", site, external_id)


@dataclass(frozen=True, slots=True)
class Publish:
    """A site states the whole seminar."""

    external_id: str
    content: Content


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A site says it will not take place."""

    external_id: str
    reason: str | None = None


Stated = Publish | Withdraw
SeminarDecision = Decision[Seminar, SeminarEvent]


def first_heard(site: str, stated: Stated, sequence: int) -> SeminarDecision:
    """The first word about a seminar: its arrival announces it, or its cancellation is remembered."""
    identity = seminar_id(site, stated.external_id)
    if isinstance(stated, Withdraw):
        gone = Seminar(identity, site, "cancelled", None, stated.external_id, sequence, stated.reason)
        return Decision(gone, [CancelledUnseen(identity, sequence)])
    seminar = Seminar(identity, site, "announced", stated.content, stated.external_id, sequence)
    return Decision(seminar, [SeminarAnnounced(seminar)])


def heard_again(seminar: Seminar, stated: Stated, sequence: int) -> SeminarDecision:
    """A further word: an equal or lower `sequence` changes nothing, the highest wins whatever came first."""
    if sequence <= seminar.sequence:
        return Decision(seminar)
    if isinstance(stated, Withdraw):
        return _withdrawn(seminar, stated, sequence)
    after = replace(seminar, status="announced", content=stated.content, sequence=sequence, reason=None)
    if seminar.content is None:
        return Decision(after, [SeminarAnnounced(after)])
    changed = stated.content.differing(seminar.content)
    if seminar.status != "announced":
        changed = ("status", *changed)
    if any(name in (*TOLD, "status") for name in changed):
        return Decision(after, [SeminarChanged(after, seminar, changed)])
    return Decision(after, [SeminarRevised(after, changed)])


def _withdrawn(seminar: Seminar, stated: Withdraw, sequence: int) -> SeminarDecision:
    after = replace(seminar, status="cancelled", sequence=sequence, reason=stated.reason)
    if seminar.content is None:
        return Decision(after, [CancelledUnseen(after.id, sequence)])
    if seminar.status == "cancelled":
        return Decision(after, [SeminarRevised(after, ("reason",) if stated.reason != seminar.reason else ())])
    return Decision(after, [SeminarCancelled(after)])

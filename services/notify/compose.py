"""From a row to the mail it stands for: whose address, whose language, which facts, looked up when it is sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from typing import Any, cast

from services.notify.domain.plan import Topic
from services.notify.letter import Envelope, letter
from services.notify.reader import reader_of
from services.notify.store import Broadcasts, People, Person, Sites
from services.notify.wording import Facts, Wording
from shared.contracts.message import Message
from shared.kernel.names import written
from shared.kernel.refusal import NotYetKnown

_MINUTE = timedelta(minutes=1)
_MOST_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail and the address it goes to."""

    message: bytes
    to: str


class Composer:
    """Writes mails; sends none."""

    def __init__(self, wording: Wording, people: People, sites: Sites, broadcasts: Broadcasts, sender: Address) -> None:
        self._wording = wording
        self._people = people
        self._sites = sites
        self._broadcasts = broadcasts
        self._sender = sender
        self._said: dict[str, Facts] = {}

    async def mail(self, row: dict[str, Any], *, at: datetime) -> Ready | None:
        """None where there is nobody to write to any more. Raises NotYetKnown, AddressInvalid."""
        if row["topic"] == Topic.SIGN_IN_CODE:
            return self._code(row, at)
        person = await self._people.person(row["recipient"])
        if person is None:
            raise NotYetKnown
        if person.email is None:
            return None
        return await self._about(row, person, person.email, at)

    async def _about(self, row: dict[str, Any], person: Person, email: str, at: datetime) -> Ready:
        facts = await self._facts(row)
        reader = await reader_of(facts, person, self._sites)
        words = self._wording.of(Topic(row["topic"]), facts, reader)
        shown = "" if person.name is None else written(person.name, reader.language)
        envelope = Envelope(row["_id"], email, shown, reader.language, row["correlationid"], at)
        return Ready(letter(words, envelope, self._sender), email)

    def _code(self, row: dict[str, Any], at: datetime) -> Ready:
        """A decoy is written like any other, and thrown away by the sender."""
        minutes = max(1, round((row["expires_at"] - row["created_at"]) / _MINUTE))
        words = self._wording.of_code(row["code"] or "", minutes, row["language"])
        envelope = Envelope(row["_id"], row["to"], "", row["language"], row["correlationid"], at)
        return Ready(letter(words, envelope, self._sender), row["to"])

    async def _facts(self, row: dict[str, Any]) -> Facts:
        if "facts" in row:
            return facts_of(row["wire"], row["facts"])
        event = row["event"]
        if event not in self._said:
            broadcast = await self._broadcasts.get(event)
            if broadcast is None:
                raise NotYetKnown
            if len(self._said) >= _MOST_REMEMBERED:
                self._said.clear()
            self._said[event] = facts_of(broadcast.wire, broadcast.facts)
        return self._said[event]


def facts_of(wire: str, data: dict[str, Any]) -> Facts:
    """The event's contract model again, from what was stored of it."""
    return cast(Facts, Message.registry[wire].model_validate(data, strict=False))

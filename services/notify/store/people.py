"""Notify's copy of how people are reached."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.notify.domain.plan import Contact
from shared.contracts.members import ContactState
from shared.kernel.names import Name
from shared.kernel.text import Language
from shared.kit.copies import Copy


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with what a mail needs beyond planning it: the address, and the name as written."""

    contact: Contact
    email: str | None
    name: Name | None


_READ = {"language": 1, "time_zone": 1, "email": 1, "erased": 1}


class People:
    """Reads of `notify__contact`'s copy."""

    def __init__(self, copy: Copy[ContactState]) -> None:
        self._copy = copy

    async def person(self, member: str) -> Person | None:
        """None while their contact has not arrived; the erased are known as erased."""
        state = await self._copy.get(member)
        if state is None and await self._copy.collection.find_one({"_id": member, "erased": True}):
            return _gone(member)
        return None if state is None else _person(state)

    async def contacts(self, members: Iterable[str]) -> dict[str, Contact]:
        """Those known among many, by id, in one read."""
        wanted = list(members)
        found = self._copy.collection.find({"_id": {"$in": wanted}}, _READ).batch_size(len(wanted) + 1)
        return {doc["_id"]: _contact(doc["_id"], doc) async for doc in found}


def unknown(member: str, language: Language = "en") -> Contact:
    """A person whose contact has not arrived: planned for all the same, their mail waits for the address."""
    return Contact(member, language, zone="")


def _contact(member: str, doc: dict[str, object]) -> Contact:
    if doc.get("erased"):
        return _gone(member).contact
    language: Language = "ja" if doc.get("language") == "ja" else "en"
    return Contact(member, language, str(doc.get("time_zone") or ""), reachable=doc.get("email") is not None)


def _person(state: ContactState) -> Person:
    contact = Contact(state.id, state.language, state.time_zone, reachable=state.email is not None)
    return Person(contact, state.email, None if state.name is None else state.name.kernel())


def _gone(member: str) -> Person:
    return Person(Contact(member, "en", "", reachable=False, erased=True), None, None)

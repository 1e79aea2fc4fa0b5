"""Registrations and the seats they hold, in one collection: its claims are what makes a seat one person's.

Beside the registrations it holds one document per mode whose capacity was lowered: the plan, which claims the seats
that are closed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.events.domain.registration import Registration, RegistrationEvent, looks_again, registration_id
from services.events.domain.seats import Plan, claim_of, range_of, seat_of
from services.events.domain.seminar import Mode
from services.events.publish import of_registration
from shared.contracts.events import RegistrationState, SeminarGist
from shared.contracts.message import State
from shared.kernel.decision import Decision
from shared.kernel.ids import derived_id
from shared.kernel.refusal import KeyReused
from shared.kit.documents import Cause, Documents, Draft, Stored, forget_reasons_in_turn, reasons_of

RegistrationDecision = Decision[Registration, RegistrationEvent]
_PAGE = 100
WAITS = "waits"
"""The timer each waiting document keeps armed."""


def registration_of(doc: Mapping[str, Any]) -> Registration:
    fields = ("seminar", "site", "member", "mode", "status", "since", "seat", "ticket")
    held = {name: doc[name] for name in fields}
    return Registration(id=doc["_id"], **held, seminar_version=doc.get("seminar_version"))


def states(doc: dict[str, Any]) -> list[State]:
    """For others' copies; a plan is nobody else's business."""
    if doc["kind"] != "registration":
        return []
    return [
        RegistrationState(
            id=doc["_id"],
            sequence=doc["version"],
            seminar=doc["seminar"],
            member=doc["member"],
            mode=doc["mode"],
            status=doc["status"],
            since=doc["since"],
            seminar_version=doc.get("seminar_version"),
        )
    ]


def plan_id(seminar: str, mode: Mode) -> str:
    return derived_id("seats", seminar, mode)


@dataclass(frozen=True, slots=True)
class Seats:
    """A mode's seats as the database has them: which people hold, and the plan."""

    taken: frozenset[int]
    plan: Plan


@dataclass(frozen=True, slots=True)
class Told:
    """What a registration's message says beside the registration: the seminar, and how many wait in front."""

    seminar: SeminarGist
    ahead: int = 0


class Registrations:
    """The collection `registrations`, and the counter each mode's tickets come from."""

    def __init__(self, documents: Documents, tickets: Any) -> None:
        self._documents = documents
        self._tickets = tickets
        self.collection = documents.collection

    async def get(self, seminar: str, member: str) -> dict[str, Any] | None:
        return await self._documents.get(registration_id(seminar, member))

    async def add(self, decision: RegistrationDecision, told: Told, cause: Cause, *, at: datetime) -> Stored | None:
        """The member's first registration; None where there is one already. Raises ClaimTaken for a taken seat."""
        made = decision.state
        draft = _draft(decision, told, version=1, at=at)
        try:
            stored = await self._documents.insert(made.id, made.site, draft, cause, at=at)
        except KeyReused:
            return None
        return None if stored.replay else stored

    async def change(
        self,
        identity: str,
        decide: Callable[[Registration], RegistrationDecision],
        told: Told,
        cause: Cause,
        *,
        at: datetime,
        if_match: int | None = None,
    ) -> Stored:
        """One transition. Raises NotFound, VersionStale, ClaimTaken, and what `decide` raises."""

        def next_body(doc: dict[str, Any]) -> Draft | None:
            decision = decide(registration_of(doc))
            if not decision.events:
                return None
            return _draft(decision, told, version=doc["version"] + 1, at=at)

        return await self._documents.change(identity, next_body, cause, at=at, if_match=if_match)

    async def rearm(self, identity: str, due: datetime | None, cause: Cause, *, at: datetime) -> None:
        """One who still waits looks again at `due`; None disarms."""

        def next_body(doc: dict[str, Any]) -> Draft | None:
            held = registration_of(doc)
            if held.status != "waiting":
                return None
            return Draft(_body(held), due=None if due is None else (due, WAITS))

        await self._documents.change(identity, next_body, cause, at=at)

    async def seat(self, identity: str, number: int, cause: Cause, *, at: datetime) -> None:
        """Gives a number to one who was confirmed while seats were not counted. Raises ClaimTaken."""

        def next_body(doc: dict[str, Any]) -> Draft | None:
            held = registration_of(doc)
            if held.status != "confirmed" or held.seat is not None:
                return None
            body = {**_body(held), "seat": number}
            return Draft(body, claims=[claim_of(held.seminar, held.mode, number)])

        await self._documents.change(identity, next_body, cause, at=at)

    async def of_member(self, member: str, *, after: str | None = None, most: int) -> list[dict[str, Any]]:
        """All of one person's, by id, those behind `after`."""
        where: dict[str, Any] = {"member": member} | ({"_id": {"$gt": after}} if after else {})
        found: list[dict[str, Any]] = await self.collection.find(where, {"log": 0}).sort("_id", 1).to_list(most)
        return found

    async def reasons(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Why somebody registered or gave up, by registration, as far as they said."""
        return await reasons_of(self._documents, ids)

    async def forget_reasons_in_turn(self, member: str) -> bool:
        """Forgets those of a page of one person's; whether any is left."""
        return await forget_reasons_in_turn(self._documents, {"member": member}, most=_PAGE)

    async def unseated(self, site: str, seminar: str, mode: Mode) -> list[str]:
        """Ids of the confirmed who hold no number."""
        found = self.collection.find(
            {**_of(site, seminar, mode, "confirmed"), "ticket": None, "seat": None}, {"_id": 1}
        )
        return [doc["_id"] async for doc in found]

    async def unarmed(self, site: str, seminar: str, mode: Mode, most: int) -> list[str]:
        """Ids of those who wait and look no more: it was over when they last did."""
        where = {**_of(site, seminar, mode, "waiting"), "due_at": {"$exists": False}}
        return [doc["_id"] for doc in await self.collection.find(where, {"_id": 1}).limit(most).to_list(most)]

    async def ticket(self, seminar: str, mode: Mode) -> int:
        """The next place in the queue; one given to nobody leaves a harmless gap."""
        counter = await self._tickets.find_one_and_update(
            {"_id": f"{seminar}|{mode}"}, {"$inc": {"next": 1}}, upsert=True, return_document=True
        )
        return int(counter["next"])

    async def someone_waits(self, site: str, seminar: str, mode: Mode) -> bool:
        return await self.collection.find_one(_of(site, seminar, mode, "waiting"), {"_id": 1}) is not None

    async def ahead(self, held: Registration) -> int:
        """How many wait in front of this one."""
        queue = _of(held.site, held.seminar, held.mode, "waiting")
        return int(await self.collection.count_documents({**queue, "ticket": {"$lt": held.ticket}}))

    async def first_waiting(self, site: str, seminar: str, mode: Mode, most: int) -> list[Registration]:
        """In ticket order."""
        found = self.collection.find(_of(site, seminar, mode, "waiting"), {"log": 0}).sort("ticket", 1).limit(most)
        return [registration_of(doc) for doc in await found.to_list(most)]

    async def seats(self, site: str, seminar: str, mode: Mode) -> Seats:
        """Reads the whole range of a mode's claims."""
        first, last = range_of(seminar, mode)
        planned = await self._documents.get(plan_id(seminar, mode))
        found = self.collection.find(
            {"site": site, "kind": "registration", "claims": {"$elemMatch": {"$gte": first, "$lt": last}}},
            {"claims": 1},
        )
        taken = frozenset([seat_of(c) async for doc in found for c in doc["claims"] if first <= c < last])
        if planned is None:
            return Seats(taken, Plan())
        closed = frozenset(map(seat_of, planned.get("claims", ())))
        return Seats(taken, Plan(planned["universe"], closed, planned["over"]))

    async def settle(self, site: str, seminar: str, mode: Mode, plan: Plan, cause: Cause, *, at: datetime) -> None:
        """Closes and opens seats as `plan` says. Raises ClaimTaken where somebody took one of them meanwhile."""
        identity = plan_id(seminar, mode)
        claims = [claim_of(seminar, mode, n) for n in sorted(plan.closed)]
        draft = Draft(
            {"kind": "plan", "seminar": seminar, "mode": mode, "universe": plan.universe, "over": plan.over},
            claims=claims,
        )
        if await self._documents.get(identity) is None:
            await self._documents.insert(identity, site, draft, cause, at=at)
        await self._documents.change(identity, lambda _: draft, cause, at=at)

    async def over_capacity(self, plans: Sequence[str]) -> set[str]:
        """Which of these plans say that more people hold a seat than there should be."""
        found = self.collection.find({"_id": {"$in": list(plans)}, "over": {"$gt": 0}}, {"_id": 1})
        return {doc["_id"] async for doc in found}


def _of(site: str, seminar: str, mode: Mode, status: str) -> dict[str, Any]:
    return {"site": site, "seminar": seminar, "mode": mode, "status": status}


def _body(held: Registration) -> dict[str, Any]:
    return {
        "kind": "registration",
        "seminar": held.seminar,
        "member": held.member,
        "mode": held.mode,
        "status": held.status,
        "since": held.since,
        "seat": held.seat,
        "ticket": held.ticket,
        "seminar_version": held.seminar_version,
    }


def _draft(decision: RegistrationDecision, told: Told, *, version: int, at: datetime) -> Draft:
    held = decision.state
    waiting = held.status == "waiting"
    return Draft(
        _body(held),
        of_registration(decision.events, told.seminar, version=version, position=told.ahead + 1 if waiting else None),
        held.claims,
        (looks_again(told.ahead, at), WAITS) if waiting else None,
    )

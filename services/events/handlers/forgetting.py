"""What events forgets of one person: seats and places in queues of what is still to come, and why they said they took
or gave up any. What was stays, by id.
"""

from dataclasses import dataclass
from typing import Any

from services.events.domain.registration import Registration
from services.events.handlers.box_office import BoxOffice
from services.events.publish import gist
from services.events.store.registrations import RegistrationDecision, Registrations, Told, registration_of
from services.events.store.seminars import Seminars
from shared.kernel.decision import Decision
from shared.kernel.time import Clock
from shared.kit.documents import Cause
from shared.kit.errands import Turn

_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Forgetting:
    seminars: Seminars
    registrations: Registrations
    office: BoxOffice
    clock: Clock

    async def work(self, errand: dict[str, Any]) -> Turn:
        """Each freed seat goes to the first who waits."""
        member, at = errand["about"], self.clock.now()
        docs = await self.registrations.of_member(member, most=_MOST)
        held = [each for each in map(registration_of, docs) if each.active]
        seminars = await self.seminars.among([each.seminar for each in held])
        cause = Cause("forget", "events", f"erasure-{member}")
        cancelled = 0
        for each in held:
            seminar, version = seminars[each.seminar]
            if seminar.content is None or seminar.content.when.started(at) or seminar.content.when.over(at):
                continue
            await self.registrations.change(each.id, _given_up, Told(gist(seminar, version)), cause, at=at)
            await self.office.looked(each.seminar, each.mode, cause.correlationid)
            cancelled += 1
        return Turn({"cancelled": cancelled}, more=await self.registrations.forget_reasons_in_turn(member))


def _given_up(held: Registration) -> RegistrationDecision:
    return held.cancelled(begun=False) if held.active else Decision(held)

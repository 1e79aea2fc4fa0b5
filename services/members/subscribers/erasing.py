"""A person's data out, or gone; and each part of the house that has forgotten them."""

from collections.abc import Mapping

from faststream import AckPolicy

from services.members.handlers.erasing import Erasing
from services.members.queries.erasures import Erasures
from services.members.queries.personal import PersonalQueries
from services.members.subscribers.doors import Doors
from shared.contracts import members as contract
from shared.contracts.booking import MemberErasedInBooking
from shared.contracts.events import MemberErasedInEvents
from shared.contracts.message import Answer, Asked
from shared.contracts.notify import MemberErasedInNotify
from shared.contracts.privacy import MemberErased
from shared.kit.answers import answer
from shared.kit.service import Received, Service

_PARTS: Mapping[str, type[MemberErased]] = {
    "booking": MemberErasedInBooking,
    "events": MemberErasedInEvents,
    "members": contract.MemberErasedInMembers,
    "notify": MemberErasedInNotify,
}


def subscribe_erasing(
    service: Service, doors: Doors, erasing: Erasing, erasures: Erasures, personal: PersonalQueries
) -> None:
    """A person's data out, or gone; and each part of the house that has forgotten them."""

    @doors.command(contract.PersonalDataInMembers)
    async def personal_data(ask: Asked[contract.PersonalDataInMembers]) -> Answer:
        return answer(await personal.personal_data(ask))

    @doors.command(contract.EraseMember)
    async def erase_member(ask: Asked[contract.EraseMember]) -> Answer:
        stored = await erasing.erase_member(ask)
        return answer(erasures.view(stored.doc), status=202, replay=stored.replay)

    @doors.command(contract.GetErasure)
    async def erasure(ask: Asked[contract.GetErasure]) -> Answer:
        return answer(await erasures.erasure(ask))

    @doors.command(contract.ListErasures)
    async def list_erasures(ask: Asked[contract.ListErasures]) -> Answer:
        return answer(await erasures.list_erasures(ask))

    for part, model in _PARTS.items():
        _hear(service, erasing, part, model)


def _hear(service: Service, erasing: Erasing, part: str, model: type[MemberErased]) -> None:
    @service.event(
        stream="EVENTS", durable=f"members__{part}_erased", model=model, ack_policy=AckPolicy.NACK_ON_ERROR, workers=1
    )
    async def erased(event: Received[MemberErased]) -> None:
        await erasing.on_part_erased(event.data, event.event, part)

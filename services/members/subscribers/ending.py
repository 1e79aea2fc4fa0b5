"""Our own word that somebody was changed: what may have ended with it is marked as ended."""

from faststream import AckPolicy

from services.members.handlers.ending import Ending
from shared.contracts import members as contract
from shared.kit.service import Received, Service


def subscribe_ending(service: Service, ending: Ending) -> None:
    """Whoever made the write has done it already, unless they died behind it."""

    @service.event(
        stream="EVENTS",
        durable="members__member_changed",
        model=contract.MemberChanged,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=1,
    )
    async def member_changed(event: Received[contract.MemberChanged]) -> None:
        await ending.on_changed(event.data.id)

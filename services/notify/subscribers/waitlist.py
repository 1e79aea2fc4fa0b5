"""Subject → handler, for the waiting list."""

from faststream import AckPolicy

from services.notify.handlers import Waitlist
from shared.contracts.booking import WaitlistEnded, WaitlistJoined, WaitlistOffered
from shared.kit.service import Received, Service


def subscribe_to_waitlist(service: Service, waitlist: Waitlist) -> None:
    """Events about what somebody waits for."""

    @service.event(
        stream="EVENTS",
        durable="notify__waitlist_joined",
        model=WaitlistJoined,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def waitlist_joined(event: Received[WaitlistJoined]) -> None:
        await waitlist.on_joined(event)

    @service.event(
        stream="EVENTS",
        durable="notify__waitlist_offered",
        model=WaitlistOffered,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def waitlist_offered(event: Received[WaitlistOffered]) -> None:
        await waitlist.on_offered(event)

    @service.event(
        stream="EVENTS",
        durable="notify__waitlist_ended",
        model=WaitlistEnded,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        workers=4,
    )
    async def waitlist_ended(event: Received[WaitlistEnded]) -> None:
        await waitlist.on_ended(event)

"""Who asks, as our own documents say they are now: not as the token said that they still have."""

from dataclasses import dataclass
from typing import Any

from services.members.domain.api_key import UnknownApiKey
from services.members.domain.session import NotYourOrganization, SessionEnded
from services.members.store.people import People
from shared.contracts.message import Answer, Asked, Principal
from shared.kit.nats.commands import Handler

_PEOPLE = ("member", "program")


@dataclass(frozen=True, slots=True)
class AsTheyAre:
    people: People

    async def now(self, by: Principal) -> Principal:
        """A program is as its maker is; sites and the system itself have no document here.

        Of the roles those the token has too: who was given one has it with the next token. Raises SessionEnded or
        UnknownApiKey for who is not active, NotYourOrganization where they act for one they do not belong to any more.
        """
        if by.kind not in _PEOPLE:
            return by
        member = await self.people.active(by.id)
        if member is None:
            raise SessionEnded if by.kind == "member" else UnknownApiKey
        if by.organization not in (None, *member.organizations):
            raise NotYourOrganization
        roles = by.roles & {role.value for role in member.roles}
        told = {"roles": roles, "organizations": member.organizations, "site": member.site}
        return by.model_copy(update=told)

    def before(self, handler: Handler) -> Handler:
        """The handler, asked by whom they are now."""

        async def handle(ask: Asked[Any]) -> Answer:
            return await handler(ask.model_copy(update={"principal": await self.now(ask.principal)}))

        return handle

"""What members is asked and says about a person's own data: taking it out, and erasing it everywhere."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.message import Command, Event, Id, Query, Reason, View, personal
from shared.contracts.privacy import MemberErased, PersonalData, PersonalDataView

ErasurePart = Literal["booking", "events", "members", "notify"]


class PartView(View):
    """One service's part; `counts` of what was changed or ended there, null until it is done."""

    service: ErasurePart
    done_at: str | None = None
    counts: dict[str, int] | None = None


class ErasureView(View):
    """How far an erasure is; complete, it is the certificate. Instants are RFC 3339, UTC.

    `seal` is a keyed hash over all of it but `version`, made when it was complete; `intact` says whether it still fits.
    """

    member: Id
    status: Literal["running", "complete"]
    asked_by: Id
    asked_at: str
    completed_at: str | None = None
    parts: tuple[PartView, ...]
    seal: str | None = None
    intact: bool | None = None
    version: int


class ErasuresView(View):
    items: tuple[ErasureView, ...]
    next: str | None = None


class EraseMember(Command, wire="cmd.members.erase_member.v1", reply=ErasureView):
    """Forget a person everywhere; their id stays. Oneself, in the `session` of a fresh sign-in; anybody: an operator;
    those they could enrol: site staff. Again: the same erasure, nothing written.

    `reason` is kept with the erasure, shown by no door, and forgotten when it is complete. Refusals: sign-in-again 403,
    own-operator-role 409.
    """

    id: Id
    reason: Annotated[Reason, personal()]
    session: Id | None = None


class GetErasure(Query, wire="qry.members.erasure.v1", reply=ErasureView):
    """For staff and operators; there is nobody else left to ask."""

    id: Id


class ListErasures(Query, wire="qry.members.erasures.v1", reply=ErasuresView):
    """For operators, in no order of people: also what is to be erased again after an older back-up was restored."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    after: Annotated[str | None, Field(max_length=256)] = None


class PersonalDataInMembers(PersonalData, wire="qry.members.personal_data.v1", reply=PersonalDataView):
    """The person themselves, what they signed in with, their keys, what happened to all that."""


class ErasureAsked(Event, wire="members.erasure_asked.v1"):
    """Somebody is to be forgotten."""

    member: Id
    version: int


class ErasureCompleted(Event, wire="members.erasure_completed.v1"):
    """Every service has answered: of this person nothing is left but the id."""

    member: Id
    version: int


class MemberErasedInMembers(MemberErased, wire="members.member_erased.v1"):
    """Name, address, sessions, keys."""

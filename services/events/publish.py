"""Domain event → contract message."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from services.events.domain import registration as held
from services.events.domain import seminar as told
from services.events.domain.when import When
from shared.contracts import events as contract
from shared.contracts.message import BilingualView, Event
from shared.kernel.text import Text


def text(value: Text) -> BilingualView:
    return BilingualView(ja=value.ja, en=value.en)


def when(value: When) -> contract.When:
    return contract.When(
        precision=value.precision,
        zone=value.zone,
        starts_at=value.starts_at,
        ends_at=value.ends_at,
        announced=tuple(contract.Announced(zone=a.zone, date=a.date, part=a.part) for a in value.announced),
        month=value.month,
        certainty=value.certainty,
    )


def gist(seminar: told.Seminar, version: int) -> contract.SeminarGist:
    """Of a seminar people may know of."""
    assert seminar.content is not None
    return contract.SeminarGist(
        id=seminar.id,
        site=seminar.site,
        title=text(seminar.content.title),
        title_certainty=seminar.content.title_certainty,
        when=when(seminar.content.when),
        version=version,
    )


def of_seminar(happened: Sequence[told.SeminarEvent], *, version: int, before: int = 0) -> list[Event]:
    """`version` is the document's own once this is stored, `before` the one it replaces."""
    messages: list[Event] = []
    for each in happened:
        match each:
            case told.SeminarAnnounced(seminar=seminar):
                messages.append(contract.SeminarAnnounced(seminar=gist(seminar, version)))
            case told.SeminarChanged(seminar=seminar, before=old, changed=changed):
                messages.append(
                    contract.SeminarChanged(seminar=gist(seminar, version), before=gist(old, before), changed=changed)
                )
            case told.SeminarRevised(seminar=seminar, changed=changed):
                messages.append(contract.SeminarRevised(seminar=gist(seminar, version), changed=changed))
            case told.SeminarCancelled(seminar=seminar):
                messages.append(contract.SeminarCancelled(seminar=gist(seminar, version), reason=seminar.reason))
            case told.CancelledUnseen():
                pass  # nobody was ever told of it
            case _:
                assert_never(each)
    return messages


def of_registration(
    happened: Sequence[held.RegistrationEvent], seminar: contract.SeminarGist, *, version: int, position: int | None
) -> list[Event]:
    """`position` counts from 1 and belongs to one who waits."""
    messages: list[Event] = []
    for each in happened:
        state = each.registration
        about: dict[str, Any] = {
            "id": state.id,
            "seminar": seminar,
            "member": state.member,
            "mode": state.mode,
            "version": version,
        }
        match each:
            case held.Placed():
                messages.append(contract.RegistrationPlaced(**about, status=state.status, position=position))
            case held.Promoted():
                messages.append(contract.RegistrationPromoted(**about))
            case held.Cancelled():
                messages.append(contract.RegistrationCancelled(**about))
            case _:
                assert_never(each)
    return messages


def part_erased(member: str, counts: Mapping[str, int], version: int) -> Event:
    """Events has forgotten somebody."""
    return contract.MemberErasedInEvents(member=member, counts=dict(counts), version=version)

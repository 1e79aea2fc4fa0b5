"""Documents as answered."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.members.domain.deadlines import renewal_pending
from services.members.domain.joining import Step
from services.members.domain.membership import Membership, current
from services.members.store.organizations import organization_from
from shared.contracts import members as contract
from shared.contracts.message import BilingualView
from shared.kernel.names import Name, addressed, organization_addressed, written
from shared.kernel.refusal import NotFound
from shared.kernel.text import Language
from shared.kernel.time import shown, zone_of

_ZONE = "UTC"
_INSTANTS = ("created_at", "expires_at", "last_used_at", "revoked_at")


def organization_view(doc: Mapping[str, Any], at: datetime, *, steps: bool = True) -> contract.OrganizationView:
    """As it stands at `at`, with or without the steps it made."""
    org, zone = organization_from(doc), zone_of(doc["home_zone"])
    now = current(org.periods, org.day(at))
    fields = {f: doc[f] for f in ("name", "kind", "status", "home_zone", "version")}
    return contract.OrganizationView(
        id=org.id,
        **fields,
        membership=None if now is None else _period_view(now),
        created_at=shown(doc["created_at"], zone),
        periods=tuple(map(_period_view, org.periods)),
        renewal_pending=renewal_pending(org, at),
        booking_for_others=org.customs.booking_for_others.value,
        addressed=_bilingual(lambda language: organization_addressed(org.name, language)),
        on_leave=contract.OnLeaveView(bookings=org.customs.on_leave.bookings.value, to=org.customs.on_leave.to),
        steps=tuple(_step_view(each, zone) for each in org.steps) if steps else (),
    )


def _period_view(period: Membership) -> contract.MembershipView:
    return contract.MembershipView(starts_on=period.starts_on, ends_on=period.ends_on)


def _step_view(step: Step, zone: ZoneInfo) -> contract.StepView:
    words: dict[str, Any] = {"transition": step.transition.value, "status": step.status.value}
    return contract.StepView(**words, at=shown(step.at, zone), by=step.by, reason=step.reason)


def member_view(doc: Mapping[str, Any]) -> contract.MemberView:
    """`created_at` with the offset of the member's own zone. Raises NotFound for one who was erased."""
    if "erased_at" in doc:
        raise NotFound
    fields = {f: doc[f] for f in ("email", "name", "language", "time_zone", "active", "version")}
    name = Name(**doc["name"])
    return contract.MemberView(
        id=doc["_id"],
        display=_bilingual(lambda language: written(name, language)),
        addressed=_bilingual(lambda language: addressed(name, language)),
        organization=doc["organizations"][0],
        organizations=tuple(doc["organizations"]),
        roles=tuple(doc["roles"]),
        site=doc["site_of_staff"],
        assistants=tuple(doc.get("assistants", ())),
        created_at=shown(doc["created_at"], zone_of(doc["time_zone"])),
        **fields,
    )


def _bilingual(say: Callable[[Language], str]) -> BilingualView:
    return BilingualView(ja=say("ja"), en=say("en"))


def api_key_view(doc: Mapping[str, Any]) -> contract.ApiKeyView:
    return contract.ApiKeyView(**_api_key_fields(doc))


def new_api_key_view(doc: Mapping[str, Any], secret: str | None) -> contract.NewApiKeyView:
    return contract.NewApiKeyView(**_api_key_fields(doc), secret=secret)


def _api_key_fields(doc: Mapping[str, Any]) -> dict[str, Any]:
    fields = {f: doc[f] for f in ("name", "prefix", "organization", "version")}
    instants = {
        f: doc[f] and shown(doc[f], zone_of(_ZONE)) for f in ("created_at", "expires_at", "last_used_at", "revoked_at")
    }
    return {
        "id": doc["_id"],
        "scopes": tuple(doc["scopes"]),
        "site": doc["for_site"],
        "created_by": doc["owner"],
        **fields,
        **instants,
    }

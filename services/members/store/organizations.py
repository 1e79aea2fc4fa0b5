"""How an organization is stored; reading back never re-judges."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.members.domain.customs import USUAL, BookingForOthers, Bookings, Customs, OnLeave
from services.members.domain.deadlines import due
from services.members.domain.joining import Status, Step, Transition
from services.members.domain.membership import Membership, runs
from services.members.domain.organization import Kind, Organization
from services.members.domain.organization_events import OrganizationEvent
from services.members.publish import organization_said
from shared.kernel.decision import Decision
from shared.kernel.text import Text
from shared.kit.documents import Draft

DEADLINE = "membership"
"""What its timer is armed for."""
Doc = Mapping[str, Any]


def organization_draft(decision: Decision[Organization, OrganizationEvent], version: int) -> Draft:
    """The next body, events and timer of an organization that has `version` afterwards.

    `membership` is the last of its periods with those it follows on: what stood alone before there were `periods`.
    """
    org = decision.state
    body = {
        "name": {"ja": org.name.ja, "en": org.name.en},
        "kind": org.kind.value,
        "status": org.status.value,
        "home_zone": org.home_zone,
        "membership": period_body(runs(org.periods)[-1]) if org.periods else None,
        "periods": [period_body(each) for each in org.periods],
        "steps": [_step_body(each) for each in org.steps],
        "reminded": org.reminded and {"ends_on": org.reminded[0].isoformat(), "days": org.reminded[1]},
        "grace_over": org.grace_over,
        "keeps_bookings": org.keeps_bookings,
        "booking_for_others": org.customs.booking_for_others.value,
        "on_leave": {"bookings": org.customs.on_leave.bookings.value, "to": org.customs.on_leave.to},
    }
    at = due(org)
    events = [organization_said(event, version) for event in decision.events]
    return Draft(body, events, due=None if at is None else (at, DEADLINE))


def organization_from(doc: Doc) -> Organization:
    """Also one written when there was but one period, and nobody wrote down the steps."""
    stored = doc.get("periods", [doc["membership"]] if doc["membership"] else [])
    reminded = doc.get("reminded")
    return Organization(
        id=doc["_id"],
        name=Text(**doc["name"]),
        kind=Kind(doc["kind"]),
        status=Status(doc["status"]),
        home_zone=doc["home_zone"],
        periods=tuple(_period(each) for each in stored),
        steps=tuple(_step(each) for each in doc.get("steps", ())),
        reminded=reminded and (date.fromisoformat(reminded["ends_on"]), reminded["days"]),
        grace_over=doc.get("grace_over", False),
        customs=_customs(doc),
    )


def _customs(doc: Doc) -> Customs:
    on_leave = doc.get("on_leave")
    return Customs(
        BookingForOthers(doc.get("booking_for_others", USUAL.booking_for_others)),
        OnLeave(Bookings(on_leave["bookings"]), on_leave["to"]) if on_leave else USUAL.on_leave,
    )


def period_body(period: Membership) -> dict[str, str]:
    return {"starts_on": period.starts_on.isoformat(), "ends_on": period.ends_on.isoformat()}


def _period(doc: Doc) -> Membership:
    return Membership(date.fromisoformat(doc["starts_on"]), date.fromisoformat(doc["ends_on"]))


def _step_body(step: Step) -> dict[str, Any]:
    body = {"transition": step.transition.value, "status": step.status.value, "at": step.at, "by": step.by}
    return body | ({"reason": step.reason} if step.reason else {})


def _step(doc: Doc) -> Step:
    return Step(Transition(doc["transition"]), Status(doc["status"]), doc["at"], doc["by"], doc.get("reason"))

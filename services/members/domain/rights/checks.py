"""Who may see and do what with organizations, people and keys. Deny by default; foreign reads as not there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from services.members.domain.member import Member, MemberChange, Role
from services.members.domain.organization import OrganizationChange
from services.members.domain.policy import Place
from services.members.domain.rights.actor import Actor
from services.members.domain.rights.refusals import NotForPrograms, OwnOperatorRole, RowsNotYours, SignInAgain
from shared.kernel.refusal import Forbidden, NotFound
from shared.kernel.rights import EVERY

_ENTRANCE = ("address", "roles", "site", "active")
"""By what of a person somebody gets in as them, and how far."""


def check_tends_organizations(actor: Actor) -> None:
    """Makes them, and leads them through their way: staff. Raises Forbidden."""
    if not actor.is_staff:
        raise Forbidden


def check_revise_organization(actor: Actor, org_id: str, change: OrganizationChange) -> None:
    """Staff anything; an admin their own organization's name and customs. Raises NotFound, Forbidden."""
    if actor.is_staff:
        return
    if org_id not in actor.organizations:
        raise NotFound
    if actor.administers != org_id or not change.for_its_admins:
        raise Forbidden


def check_enrol(actor: Actor, member: Member) -> None:
    """Raises NotFound for an organization that is not the actor's, Forbidden for roles they cannot give, NotForPrograms
    for any above `member`.
    """
    if not actor.is_staff:
        if actor.administers is None:
            raise Forbidden
        if member.organizations != (actor.administers,):
            raise NotFound
    if not actor.may_grant(member.roles, member.site):
        raise Forbidden
    if actor.is_program and member.roles != {Role.MEMBER}:
        raise NotForPrograms


def check_revise_member(actor: Actor, before: Member, after: Member, change: MemberChange) -> None:
    """Who may grant both the old and the new roles may change a person; everyone their own name and language.

    One's own rights are those in `before`: whoever was just deactivated does not undo it, however close the two come.
    Raises NotFound for a person the actor cannot see, Forbidden, OwnOperatorRole; NotForPrograms for what a program
    changes of nobody.
    """
    if before.id == actor.id:
        if not before.active:
            raise Forbidden
        actor = replace(actor, roles=actor.roles & before.roles)
    if not (actor.is_staff or actor.administers in before.organizations or before.id == actor.id):
        raise NotFound
    if before.id == actor.id and change.is_personal:
        return
    manages = actor.is_staff or actor.administers == before.organization
    if not manages or not (actor.may_grant(before.roles, before.site) and actor.may_grant(after.roles, after.site)):
        raise Forbidden
    if not actor.is_staff and after.organizations != before.organizations:
        raise NotFound
    if actor.is_program and any(getattr(before, f) != getattr(after, f) for f in _ENTRANCE):
        raise NotForPrograms
    if before.id == actor.id and _operates(before) and not _operates(after):
        raise OwnOperatorRole


def check_assistants(after: Member, organizations: Mapping[str, tuple[str, ...]]) -> None:
    """Each shares an organization with the person. `organizations` are those of the ones there are. Raises NotFound."""
    for assistant in after.assistants:
        if not set(after.organizations) & set(organizations.get(assistant, ())):
            raise NotFound


def _operates(member: Member) -> bool:
    return member.active and Role.OPERATOR in member.roles


def check_export(actor: Actor, member: Member) -> None:
    """The person themselves; staff, of those they could enrol. Raises NotFound, Forbidden."""
    if member.id == actor.id:
        return
    if not actor.is_staff:
        raise NotFound
    if not actor.may_grant(member.roles, member.site):
        raise Forbidden


def check_erase(actor: Actor, member: Member, *, fresh: bool) -> None:
    """The same people; oneself only in a session just begun. Raises NotFound, Forbidden, SignInAgain, OwnOperatorRole.

    Never a program, whoever made it.
    """
    if actor.is_program:
        raise Forbidden
    check_export(actor, member)
    if member.id == actor.id:
        if _operates(member):
            raise OwnOperatorRole
        if not fresh:
            raise SignInAgain


def check_create_key(actor: Actor, site: str | None) -> None:
    """A site's key: an operator, or staff of that site. One's own: any member. Raises Forbidden.

    A program makes none: it could give itself more than it was given.
    """
    if actor.is_program:
        raise Forbidden
    if site is not None and not actor.is_operator and not (Role.SITE_STAFF in actor.roles and site == actor.site):
        raise Forbidden
    if site is None and not actor.organizations:
        raise Forbidden


def check_see_policy(actor: Actor) -> None:
    """Raises Forbidden."""
    if not actor.is_staff:
        raise Forbidden


def check_change_policy(actor: Actor, changed: Collection[Place], *, of_linkj: bool) -> None:
    """An operator every row; staff of a site that site's, and those for every site while acting for LINK-J itself.

    Raises RowsNotYours.
    """
    own = {actor.site, EVERY} if of_linkj else {actor.site}
    foreign = [place for place in changed if place.site not in own]
    if foreign and not actor.is_operator:
        rows = [{"kind": place.kind.value, "site": place.site, "resource": place.resource} for place in foreign]
        raise RowsNotYours(rows=rows)

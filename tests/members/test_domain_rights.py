"""Who may what: each rule as a row."""

from dataclasses import replace

import pytest

from services.members.domain.address import address
from services.members.domain.member import Member, MemberChange, Role
from services.members.domain.organization import Kind, OrganizationChange
from services.members.domain.rights import (
    Actor,
    NotForPrograms,
    OwnOperatorRole,
    check_create_key,
    check_enrol,
    check_revise_member,
    check_revise_organization,
    check_tends_organizations,
)
from shared.kernel.names import Name
from shared.kernel.refusal import Forbidden, NotFound, Refusal
from shared.kernel.text import Text
from tests.members.test_domain_member import HANAKO

OPERATOR = Actor("op", frozenset({"operator"}))
NYC_STAFF = Actor("st", frozenset({"site_staff"}), "linkj", ("linkj",), "nyc")
ADMIN = Actor("ad", frozenset({"organization_admin", "member"}), "o1", ("o1", "o2"))
ADMIN_ELSEWHERE = replace(ADMIN, organization="o2")
MEMBER = Actor("m1", frozenset({"member"}), "o1", ("o1",))
SITE = Actor("osaka", site="osaka")
RENAME = OrganizationChange(name=Text(en="New"))


def outcome(check: object, *args: object) -> type[Refusal] | None:
    try:
        check(*args)  # type: ignore[operator]  # each row names its own check
    except Refusal as refusal:
        return type(refusal)
    return None


def with_roles(*roles: Role, site: str | None = None, organizations: tuple[str, ...] = ("o1",)) -> Member:
    return replace(HANAKO, roles=frozenset(roles), site=site, organizations=organizations)


@pytest.mark.parametrize(
    ("actor", "refused"),
    [(OPERATOR, None), (NYC_STAFF, None), (ADMIN, Forbidden), (MEMBER, Forbidden), (SITE, Forbidden)],
)
def test_only_staff_make_organizations(actor: Actor, refused: type[Refusal] | None) -> None:
    assert outcome(check_tends_organizations, actor) is refused


@pytest.mark.parametrize(
    ("actor", "organization", "change", "refused"),
    [
        (OPERATOR, "o1", OrganizationChange(kind=Kind.GUEST), None),
        (NYC_STAFF, "o1", RENAME, None),
        (ADMIN, "o1", RENAME, None),
        (ADMIN, "o1", OrganizationChange(kind=Kind.LINKJ_STAFF), Forbidden),
        (ADMIN, "o2", RENAME, Forbidden),
        (ADMIN_ELSEWHERE, "o1", RENAME, Forbidden),
        (ADMIN, "o3", RENAME, NotFound),
        (MEMBER, "o1", RENAME, Forbidden),
        (MEMBER, "o2", RENAME, NotFound),
    ],
)
def test_an_admin_renames_the_home_organization_and_no_other(
    actor: Actor, organization: str, change: OrganizationChange, refused: type[Refusal] | None
) -> None:
    assert outcome(check_revise_organization, actor, organization, change) is refused


@pytest.mark.parametrize(
    ("actor", "member", "refused"),
    [
        (OPERATOR, with_roles(Role.OPERATOR), None),
        (NYC_STAFF, with_roles(Role.MEMBER, Role.ORGANIZATION_ADMIN), None),
        (NYC_STAFF, with_roles(Role.SITE_STAFF, site="nyc"), None),
        (NYC_STAFF, with_roles(Role.SITE_STAFF, site="osaka"), Forbidden),
        (NYC_STAFF, with_roles(Role.OPERATOR), Forbidden),
        (ADMIN, with_roles(Role.MEMBER), None),
        (ADMIN, with_roles(Role.ORGANIZATION_ADMIN), None),
        (ADMIN, with_roles(Role.SITE_STAFF, site="nyc"), Forbidden),
        (ADMIN, with_roles(Role.MEMBER, organizations=("o3",)), NotFound),
        (ADMIN, with_roles(Role.MEMBER, organizations=("o1", "o3")), NotFound),
        (ADMIN_ELSEWHERE, with_roles(Role.MEMBER), Forbidden),
        (MEMBER, with_roles(Role.MEMBER), Forbidden),
        (SITE, with_roles(Role.MEMBER), Forbidden),
    ],
)
def test_nobody_enrols_people_into_foreign_organizations_or_above_themselves(
    actor: Actor, member: Member, refused: type[Refusal] | None
) -> None:
    assert outcome(check_enrol, actor, member) is refused


@pytest.mark.parametrize(
    ("actor", "before", "change", "refused"),
    [
        (OPERATOR, with_roles(Role.OPERATOR), MemberChange(active=False), None),
        (NYC_STAFF, with_roles(Role.MEMBER), MemberChange(active=False), None),
        (NYC_STAFF, with_roles(Role.OPERATOR), MemberChange(active=False), Forbidden),
        (NYC_STAFF, with_roles(Role.MEMBER), MemberChange(roles=frozenset({Role.OPERATOR})), Forbidden),
        (NYC_STAFF, with_roles(Role.SITE_STAFF, site="osaka"), MemberChange(language="en"), Forbidden),
        (ADMIN, with_roles(Role.MEMBER), MemberChange(roles=frozenset({Role.ORGANIZATION_ADMIN})), None),
        (ADMIN, with_roles(Role.SITE_STAFF, site="nyc"), MemberChange(active=False), Forbidden),
        (ADMIN, with_roles(Role.MEMBER), MemberChange(further=("o3",)), NotFound),
        (ADMIN, with_roles(Role.MEMBER, organizations=("o3", "o1")), MemberChange(active=False), Forbidden),
        (ADMIN, with_roles(Role.MEMBER, organizations=("o3",)), MemberChange(active=False), NotFound),
        (MEMBER, HANAKO, MemberChange(language="en"), None),
        (MEMBER, HANAKO, MemberChange(roles=frozenset({Role.OPERATOR})), Forbidden),
        (MEMBER, replace(HANAKO, id="m2"), MemberChange(language="en"), NotFound),
        (SITE, HANAKO, MemberChange(language="en"), NotFound),
    ],
)
def test_who_manages_a_person_could_have_given_every_role_before_and_after(
    actor: Actor, before: Member, change: MemberChange, refused: type[Refusal] | None
) -> None:
    after = before.revise(change).state
    assert outcome(check_revise_member, actor, before, after, change) is refused


@pytest.mark.parametrize("actor", [OPERATOR, NYC_STAFF, ADMIN])
@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (MemberChange(address=address("thief@evil.example")), NotForPrograms),
        (MemberChange(roles=frozenset({Role.MEMBER, Role.ORGANIZATION_ADMIN})), NotForPrograms),
        (MemberChange(active=False), NotForPrograms),
        (MemberChange(site="nyc"), NotForPrograms),
        (MemberChange(address=HANAKO.address, roles=HANAKO.roles, active=True, language="en"), None),
        (MemberChange(name=Name(family="髙田", given="葛󠄀子")), None),
    ],
)
def test_a_program_changes_nobodys_way_in(actor: Actor, change: MemberChange, refused: type[Refusal] | None) -> None:
    other = replace(HANAKO, id="m2")
    after = other.revise(change).state
    assert outcome(check_revise_member, actor, other, after, change) is None
    assert outcome(check_revise_member, replace(actor, is_program=True), other, after, change) is refused


def test_a_program_changes_not_even_its_makers_own_way_in() -> None:
    maker = with_roles(Role.OPERATOR)
    program, change = replace(OPERATOR, id=maker.id, is_program=True), MemberChange(address=address("x@evil.example"))
    assert outcome(check_revise_member, program, maker, maker.revise(change).state, change) is NotForPrograms


@pytest.mark.parametrize("role", list(Role))
def test_a_program_enrols_plain_members_only(role: Role) -> None:
    program = replace(OPERATOR, is_program=True)
    refused = None if role is Role.MEMBER else NotForPrograms
    assert outcome(check_enrol, program, with_roles(role, site="nyc")) is refused
    assert outcome(check_enrol, program, with_roles(Role.MEMBER, role)) is refused


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (MemberChange(roles=frozenset({Role.MEMBER})), OwnOperatorRole),
        (MemberChange(active=False), OwnOperatorRole),
        (MemberChange(roles=frozenset({Role.MEMBER, Role.OPERATOR})), None),
        (MemberChange(time_zone="America/New_York"), None),
    ],
)
def test_an_operator_stays_one_until_another_operator_says_otherwise(
    change: MemberChange, refused: type[Refusal] | None
) -> None:
    myself = with_roles(Role.OPERATOR)
    after = myself.revise(change).state
    assert outcome(check_revise_member, replace(OPERATOR, id=myself.id), myself, after, change) is refused
    assert outcome(check_revise_member, OPERATOR, myself, after, change) is None


@pytest.mark.parametrize("before", [with_roles(Role.OPERATOR), with_roles(Role.MEMBER)])
@pytest.mark.parametrize("change", [MemberChange(active=True), MemberChange(roles=frozenset({Role.OPERATOR}))])
def test_ones_own_rights_are_those_of_the_document_that_is_changed(before: Member, change: MemberChange) -> None:
    if before.roles == {Role.OPERATOR}:
        before = replace(before, active=False)
    after = before.revise(change).state
    assert outcome(check_revise_member, replace(OPERATOR, id=before.id), before, after, change) is Forbidden


@pytest.mark.parametrize(
    ("actor", "site", "refused"),
    [
        (OPERATOR, "osaka", None),
        (OPERATOR, None, Forbidden),
        (NYC_STAFF, "nyc", None),
        (NYC_STAFF, "osaka", Forbidden),
        (NYC_STAFF, None, None),
        (ADMIN, "nyc", Forbidden),
        (MEMBER, None, None),
        (SITE, "osaka", Forbidden),
        (replace(MEMBER, is_program=True), None, Forbidden),
        (replace(OPERATOR, is_program=True), "osaka", Forbidden),
    ],
)
def test_a_sites_key_is_made_by_its_staff_and_ones_own_by_oneself(
    actor: Actor, site: str | None, refused: type[Refusal] | None
) -> None:
    assert outcome(check_create_key, actor, site) is refused

"""Who may be named as if they ran the lounge: those who do (row U6)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.members.domain.address import address
from services.members.domain.joining import Occasion
from services.members.domain.member import Member, MemberChange, Role
from services.members.domain.organization import Kind, Organization, OrganizationChange
from services.members.domain.reserved import NameReserved, looks_official
from shared.kernel.names import Name
from shared.kernel.text import Text

ON = Occasion(datetime(2026, 12, 1, 3, 0, tzinfo=UTC), "m0")
HANAKO = Member(
    id="m1",
    organizations=("o1",),
    address=address("hanako@bio.example"),
    name=Name("髙﨑", "花子"),
    language="ja",
    time_zone="Asia/Tokyo",
    roles=frozenset({Role.MEMBER}),
)


@pytest.mark.parametrize(
    "name",
    [
        *(Name("аdmin", "Taro"), Name("Taro", "Αdministrator"), Name("0perat0r", "x")),
        *(Name("山田", "太郎", latin="аdmin"), Name("LINK-J", "Staff"), Name("L1NK‐J", "日本橋")),
        *(Name("LINK", "J"), Name("Link", "J Staff"), Name("roo", "t"), Name("運営", "事務局")),
        *(Name("シ", "ステム管理者"), Name("オペレ一タ一", "花"), Name("x", "y", "スタ", "ッフ")),
    ],
)
def test_a_name_that_looks_official_is_told(name: Name) -> None:
    assert looks_official(name)


@pytest.mark.parametrize(
    "name",
    [
        Name("髙﨑", "葛子", "たかさき", "かつらこ", "Katsurako Takasaki"),
        *(Name("Root", "Elihu"), Name("Link", "Jones"), Name("Staff", "Olga"), Name("Admind", "A"), Name("運", "英雄")),
    ],
)
def test_people_keep_their_names(name: Name) -> None:
    assert not looks_official(name)


def test_nobody_is_enrolled_or_renamed_as_what_they_are_not() -> None:
    official = Name("LINK-J", "Staff")
    with pytest.raises(NameReserved):
        replace(HANAKO, name=official).enrol()
    with pytest.raises(NameReserved):
        HANAKO.revise(MemberChange(name=official))


def test_those_who_run_the_lounge_may_be_and_stay_so_named() -> None:
    official = replace(HANAKO, name=Name("Operator", "first"), roles=frozenset({Role.OPERATOR}))
    assert official.enrol().state == official
    demoted = official.revise(MemberChange(roles=frozenset({Role.MEMBER}))).state
    assert demoted.revise(MemberChange(language="en")).state.name == official.name


@pytest.mark.parametrize(
    "name", [Text(en="LINK-J Partners"), Text(ja="運営事務局"), Text(ja="横浜バイオ", en="L1NK-J"), Text(en="Admin")]
)
def test_no_organization_but_link_js_own_is_named_as_it(name: Text) -> None:
    with pytest.raises(NameReserved):
        Organization.create("o1", name, Kind.PARTNER, "Asia/Tokyo", None, ON)
    bio = Organization.create("o1", Text(ja="横浜バイオ"), Kind.PARTNER, "Asia/Tokyo", None, ON).state
    with pytest.raises(NameReserved):
        bio.revise(OrganizationChange(name=name), ON)
    own = Organization.create("o2", name, Kind.LINKJ_STAFF, "Asia/Tokyo", None, ON).state
    assert own.revise(OrganizationChange(name=Text(ja="LINK-J事務局")), ON).state.name.ja == "LINK-J事務局"


@pytest.mark.parametrize("name", [Text(ja="横浜・LINK-J 研究会"), Text(en="Linking Bio"), Text(ja="横浜市")])
def test_organizations_keep_their_names(name: Text) -> None:
    assert Organization.create("o1", name, Kind.PARTNER, "Asia/Tokyo", None, ON).state.name == name

"""People, told by their history."""

from dataclasses import replace

import pytest

from services.members.domain.address import address
from services.members.domain.member import (
    Member,
    MemberChange,
    MemberChanged,
    MemberCreated,
    Role,
    SiteRequired,
    belonging,
)
from shared.kernel.names import Name

HANAKO = Member(
    id="m1",
    organizations=("o1",),
    address=address("hanako@bio.example"),
    name=Name(family="髙﨑", given="葛󠄀子"),
    language="ja",
    time_zone="Asia/Tokyo",
    roles=frozenset({Role.MEMBER}),
)


def test_enrolling_tells_the_home_organization_and_nothing_personal() -> None:
    enrolled = HANAKO.enrol()
    assert (enrolled.state, enrolled.events) == (HANAKO, [MemberCreated("m1", "o1")])


def test_the_address_is_claimed_however_it_is_spelt_also_by_who_has_left() -> None:
    other = replace(HANAKO, id="m2", address=address("HANAKO@Bio.example"), active=False)
    assert HANAKO.claims == other.claims
    assert "hanako" not in HANAKO.claims[0]


@pytest.mark.parametrize("roles", [{Role.SITE_STAFF}, {Role.SITE_STAFF, Role.MEMBER}])
def test_site_staff_needs_a_site(roles: set[Role]) -> None:
    with pytest.raises(SiteRequired):
        replace(HANAKO, roles=frozenset(roles)).enrol()
    with pytest.raises(SiteRequired):
        HANAKO.revise(MemberChange(roles=frozenset(roles)))
    assert replace(HANAKO, roles=frozenset(roles), site="nyc").enrol().state.site == "nyc"


def test_a_change_names_the_fields_never_their_values() -> None:
    change = MemberChange(address=address("h@bio.example"), name=Name("高崎", "花子"), language="en", active=False)
    changed = HANAKO.revise(change)
    assert changed.events == [MemberChanged("m1", ("address", "name", "language", "active"))]
    assert changed.state.address.text == "h@bio.example"


def test_a_change_to_what_it_already_is_changes_nothing() -> None:
    same = HANAKO.revise(MemberChange(language="ja", further=(), active=True, roles=HANAKO.roles))
    assert (same.state, list(same.events)) == (HANAKO, [])


def test_moving_home_keeps_the_further_organizations_and_never_lists_one_twice() -> None:
    two = HANAKO.revise(MemberChange(further=("o2", "o1", "o3"))).state
    assert two.organizations == ("o1", "o2", "o3")
    moved = two.revise(MemberChange(organization="o3")).state
    assert (moved.organization, moved.organizations) == ("o3", ("o3", "o2"))
    assert belonging("a", ("b", "a", "b")) == ("a", "b")


@pytest.mark.parametrize(
    ("change", "personal"),
    [
        (MemberChange(name=Name("高崎", "花子")), True),
        (MemberChange(language="en", time_zone="America/New_York"), True),
        (MemberChange(language="en", active=False), False),
        (MemberChange(address=address("h@bio.example")), False),
        (MemberChange(roles=frozenset({Role.OPERATOR})), False),
        (MemberChange(further=("o2",)), False),
    ],
)
def test_only_name_and_language_and_zone_are_everyones_own_to_change(change: MemberChange, personal: bool) -> None:
    assert change.is_personal is personal


@pytest.mark.parametrize(
    ("before", "change", "eras"),
    [
        (HANAKO, MemberChange(active=False), (1, 1)),
        (replace(HANAKO, active=False, era=1, keys_era=1), MemberChange(active=True), (1, 1)),
        (replace(HANAKO, active=False), MemberChange(active=False), (0, 0)),
        (HANAKO, MemberChange(address=address("other@bio.example")), (1, 0)),
        (HANAKO, MemberChange(address=address("HANAKO@bio.example")), (0, 0)),
        (HANAKO, MemberChange(roles=frozenset({Role.MEMBER, Role.OPERATOR})), (0, 0)),
        (HANAKO, MemberChange(roles=frozenset({Role.OPERATOR})), (1, 0)),
        (replace(HANAKO, roles=frozenset({Role.SITE_STAFF}), site="nyc"), MemberChange(site="osaka"), (1, 0)),
        (HANAKO, MemberChange(language="en", further=("o2",), assistants=("m2",)), (0, 0)),
    ],
)
def test_a_new_era_begins_where_something_is_taken_away(
    before: Member, change: MemberChange, eras: tuple[int, int]
) -> None:
    after = before.revise(change).state
    assert (after.era, after.keys_era) == eras

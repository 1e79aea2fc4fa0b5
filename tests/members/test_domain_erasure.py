"""An erasure is complete when every part has answered, once each, in whatever order; and who may ask for one."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from services.members.domain.address import Address
from services.members.domain.erasure import PARTS, Erasure, ErasureAsked, ErasureCompleted, Part
from services.members.domain.member import Member, MemberChanged, Role
from services.members.domain.rights import Actor, OwnOperatorRole, SignInAgain, check_erase, check_export
from shared.kernel.names import Name
from shared.kernel.refusal import Forbidden, NotFound, Refusal

AT = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
ASKED = Erasure("m1", "ops", AT, "by letter of 30 November")


def part(service: str) -> Part:
    return Part(service, AT + timedelta(seconds=10), {"things": 2})


def member(*roles: Role, site: str | None = None) -> Member:
    return Member("m1", ("o1",), Address("a@x.example"), Name("A", "B"), "en", "UTC", frozenset(roles), site)


@pytest.mark.parametrize("order", list(itertools.permutations(PARTS)))
def test_the_last_part_to_answer_completes_it_and_the_reason_is_forgotten(order: tuple[str, ...]) -> None:
    erasure = ASKED
    for service in order[:-1]:
        decision = erasure.heard(part(service), at=AT)
        assert (decision.events, decision.state.completed_at) == ((), None)
        erasure = decision.state
    assert (erasure.missing, erasure.reason) == (frozenset({order[-1]}), ASKED.reason)
    last = erasure.heard(part(order[-1]), at=AT + timedelta(minutes=1))
    assert list(last.events) == [ErasureCompleted("m1")]
    assert (last.state.completed_at, last.state.reason) == (AT + timedelta(minutes=1), None)


def test_a_part_that_answers_again_changes_nothing() -> None:
    once = ASKED.heard(part("notify"), at=AT).state
    assert once.heard(Part("notify", AT + timedelta(days=1), {"things": 9}), at=AT).state is once
    assert once.heard(part("somebody else"), at=AT).state is once


def test_asking_says_so() -> None:
    assert list(ASKED.ask().events) == [ErasureAsked("m1")]


def test_an_erased_member_keeps_the_id_and_says_only_that() -> None:
    decision = member(Role.MEMBER).erase()
    assert decision.state.id == "m1"
    assert list(decision.events) == [MemberChanged("m1", ("erased",))]


OPERATOR = Actor("op", frozenset({"operator"}))
STAFF = Actor("st", frozenset({"site_staff"}), site="nyc")
SELF = Actor("m1", frozenset({"member"}), "o1", ("o1",))
ADMIN = Actor("ad", frozenset({"organization_admin"}), "o1", ("o1",))
PROGRAM = Actor("m1", frozenset({"member"}), "o1", ("o1",), is_program=True)


@pytest.mark.parametrize(
    ("actor", "whom", "fresh", "refusal"),
    [
        (SELF, member(Role.MEMBER), True, None),
        (SELF, member(Role.MEMBER), False, SignInAgain),
        (PROGRAM, member(Role.MEMBER), True, Forbidden),
        (SELF, member(Role.OPERATOR), True, OwnOperatorRole),
        (OPERATOR, member(Role.OPERATOR), False, None),
        (OPERATOR, member(Role.MEMBER), False, None),
        (STAFF, member(Role.MEMBER), False, None),
        (STAFF, member(Role.SITE_STAFF, site="nyc"), False, None),
        (STAFF, member(Role.SITE_STAFF, site="tokyo"), False, Forbidden),
        (STAFF, member(Role.OPERATOR), False, Forbidden),
        (ADMIN, member(Role.MEMBER), False, NotFound),
        (Actor("m2", frozenset({"member"}), "o1", ("o1",)), member(Role.MEMBER), True, NotFound),
    ],
)
def test_who_may_erase_whom(actor: Actor, whom: Member, fresh: bool, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        check_erase(actor, whom, fresh=fresh)
    else:
        with pytest.raises(refusal):
            check_erase(actor, whom, fresh=fresh)


def test_one_s_own_data_may_be_taken_out_without_signing_in_again() -> None:
    check_export(SELF, member(Role.OPERATOR))
    check_export(PROGRAM, member(Role.MEMBER))
    check_export(STAFF, member(Role.MEMBER))
    for stranger in (ADMIN, Actor("m2")):
        with pytest.raises(NotFound):
            check_export(stranger, member(Role.MEMBER))

"""Whom a provider may vouch for, and the way of one sign-in, by themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.members.domain.address import Address
from services.members.domain.identity_provider import (
    IdentityProvider,
    IdentityProviderRemoved,
    IdentityProviderSet,
    InvalidDomain,
    Setter,
    SignInRefused,
    Vouched,
    domains_of,
)
from services.members.domain.identity_sign_in import (
    Begun,
    Handover,
    Identity,
    NotBegunHere,
    ReturnNotAllowed,
    Ticket,
    handover,
    identity_id,
)
from services.members.domain.member import Member, Role
from tests.members.test_domain_member import HANAKO

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
NYC = Setter("st", frozenset({"site_staff"}), "nyc")
OPERATOR = Setter("op", frozenset({"operator"}), None)
PROVIDER = IdentityProvider("o1", "https://accounts.bio.example", "lounge", "sealed", ("bio.example",), NYC)
VOUCHED = Vouched("subject-1", "Hanako@BIO.example", email_verified=True)


def with_roles(*roles: Role, site: str | None = None) -> Member:
    return replace(HANAKO, roles=frozenset(roles), site=site, organizations=("o1",))


def test_a_provider_vouches_for_verified_addresses_of_its_domains() -> None:
    assert PROVIDER.address_of(VOUCHED) == Address("Hanako@bio.example")
    for vouched in (
        replace(VOUCHED, email_verified=False),
        replace(VOUCHED, email="hanako@sub.bio.example"),
        replace(VOUCHED, email="hanako@bio.example.evil.example"),
        replace(VOUCHED, email="bio.example"),
    ):
        with pytest.raises(SignInRefused):
            PROVIDER.address_of(vouched)


@pytest.mark.parametrize(
    ("setter", "member", "reason"),
    [
        (NYC, with_roles(Role.MEMBER), None),
        (NYC, with_roles(Role.ORGANIZATION_ADMIN), None),
        (NYC, with_roles(Role.SITE_STAFF, site="nyc"), None),
        (NYC, with_roles(Role.SITE_STAFF, site="osaka"), "above-its-setter"),
        (NYC, with_roles(Role.MEMBER, Role.OPERATOR), "above-its-setter"),
        (OPERATOR, with_roles(Role.OPERATOR), None),
        (OPERATOR, None, "unknown-member"),
        (OPERATOR, replace(with_roles(Role.MEMBER), organizations=("o2", "o1")), "another-organization"),
    ],
)
def test_it_lets_in_its_own_people_and_nobody_its_setter_could_not_have_made(
    setter: Setter, member: Member | None, reason: str | None
) -> None:
    provider = replace(PROVIDER, set_by=setter)
    if reason is None:
        assert provider.check(member) is member
        return
    with pytest.raises(SignInRefused) as refused:
        provider.check(member)
    assert refused.value.reason == reason
    assert reason not in str(dict(refused.value.members))


def test_a_secret_goes_on_where_none_is_given_and_saying_the_same_changes_nothing() -> None:
    assert not replace(PROVIDER, sealed=None).over(PROVIDER).events
    changed = replace(PROVIDER, sealed=None, client_id="other").over(PROVIDER)
    assert (changed.state.sealed, changed.events) == ("sealed", [IdentityProviderSet("o1", ("client_id",))])


def test_a_secret_is_never_shown_to_another_issuer_than_it_was_meant_for() -> None:
    elsewhere = replace(PROVIDER, sealed=None, issuer="https://accounts.evil.example")
    moved = elsewhere.over(PROVIDER)
    assert (moved.state.sealed, moved.events) == (None, [IdentityProviderSet("o1", ("issuer", "sealed"))])
    back = replace(PROVIDER, sealed=None).over(moved.state)
    assert back.state.sealed is None, "what was forgotten does not come back"
    assert replace(elsewhere, sealed="its own").over(PROVIDER).state.sealed == "its own"


def test_removed_it_forgets_its_secret_and_put_again_it_is_introduced_anew() -> None:
    removed = PROVIDER.remove()
    assert (removed.state.sealed, removed.state.active) == (None, False)
    assert removed.events == [IdentityProviderRemoved("o1")]
    assert not removed.state.remove().events
    again = replace(PROVIDER, sealed=None).over(removed.state)
    assert (again.state.active, again.state.sealed, len(list(again.events))) == (True, None, 1)


def test_domains_are_those_of_addresses_however_they_are_spelt() -> None:
    assert domains_of(["日本.example", "BIO.example", "bio.example"]) == ("bio.example", "xn--wgv71a.example")
    for text in ("", "bio", "a@bio.example", "*.bio.example", "bio.example.", "10.0.0.1"):
        with pytest.raises(InvalidDomain):
            domains_of([text])


def test_what_is_begun_is_of_one_browser_and_ten_minutes() -> None:
    begun = Begun("o1", PROVIDER.issuer, "a" * 64, NOON + timedelta(minutes=10))
    begun.check("a" * 64, NOON + timedelta(minutes=9))
    for browser, at in (("b" * 64, NOON), (None, NOON), ("a" * 64, NOON + timedelta(minutes=10))):
        with pytest.raises(NotBegunHere):
            begun.check(browser, at)


def test_a_ticket_is_for_the_verifier_of_its_challenge() -> None:
    # RFC 7636, appendix B
    verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    ticket = Ticket("m1", challenge, NOON + timedelta(minutes=1))
    ticket.check(verifier, NOON)
    for wrong, at in ((challenge, NOON), (verifier, NOON + timedelta(minutes=1))):
        with pytest.raises(NotBegunHere):
            ticket.check(wrong, at)


def test_a_handover_keeps_what_the_url_said_and_adds_one_word() -> None:
    back = Handover("https://app.example/in?theme=dark", "c" * 43)
    assert back.url(code="x y") == "https://app.example/in?theme=dark&code=x+y"
    assert replace(back, return_to="http://127.0.0.1:4711").url(error="no") == "http://127.0.0.1:4711?error=no"


def test_nowhere_to_go_back_to_is_no_handover_and_half_of_one_is_refused() -> None:
    origins = {"https://app.example"}
    assert handover(None, None, origins) is None
    for return_to, challenge in (("https://app.example/in", None), (None, "c" * 43), ("https://x.example", "c" * 43)):
        with pytest.raises(ReturnNotAllowed):
            handover(return_to, challenge, origins)
    assert handover("http://[::1]:4711/in", "c" * 43, origins) == Handover("http://[::1]:4711/in", "c" * 43)


def test_a_subject_of_a_provider_is_told_by_a_hash_and_a_member_is_one_subject_there() -> None:
    first = Identity(identity_id("https://a.example", "s1"), "https://a.example", "m1")
    second = Identity(identity_id("https://a.example", "s2"), "https://a.example", "m1")
    elsewhere = Identity(identity_id("https://b.example", "s1"), "https://b.example", "m1")
    assert len({first.id, second.id, elsewhere.id}) == 3
    assert first.claims == second.claims != elsewhere.claims

"""Identity providers: who sets one, and what of it is told."""

from typing import Any

from shared.contracts import members as contract
from tests.members.conftest import Houses
from tests.members.people import NOBODY, OPS, company
from tests.members.provided import MINE, REDIRECT_URI, REFUSED, SECRET, provided, refusal
from tests.members.test_directory import admin_of
from tests.support.certificates import Certificates


class TestSetting:
    """Who sets a provider, and what of it is told."""

    async def test_it_is_put_told_without_its_secret_and_removed(self, houses: Houses, signed: Certificates) -> None:
        async with provided(houses, signed) as p:
            assert p.told == {
                "organization": p.organization,
                "issuer": p.provider.issuer,
                "client_id": "lounge",
                "has_secret": True,
                "domains": ["bio.example"],
                "redirect_uri": REDIRECT_URI,
                "version": 1,
            }
            assert await p.house.done(p.put(), OPS) == p.told
            assert await p.house.done(p.put(client_secret=None), OPS) == p.told
            changed = await p.house.done(p.put(client_secret="another", domains=("BIO.example", "日本.example")), OPS)
            assert (changed["version"], changed["domains"]) == (2, ["bio.example", "xn--wgv71a.example"])
            get = contract.GetIdentityProvider(id=p.organization)
            assert await p.house.done(get, OPS) == changed
            stored = repr(list(p.house.admin["members"]["identity_providers"].find()))
            assert SECRET not in stored
            assert "another" not in stored
            assert await p.house.refused(p.put(), OPS, if_match=1) == (412, "version-stale")
            remove = contract.RemoveIdentityProvider(id=p.organization)
            for _ in range(2):
                assert (await p.house.ask(remove, OPS)).status == 204
            assert await p.house.refused(get, OPS) == (404, "not-found")
            begin = contract.BeginSignIn(organization=p.organization, browser=MINE)
            assert await p.house.refused(begin, NOBODY) == (404, "not-found")
            assert (await p.house.done(p.put(), OPS))["version"] == 4

    async def test_who_began_before_it_was_removed_or_changed_is_not_let_in(
        self, houses: Houses, signed: Certificates
    ) -> None:
        async with provided(houses, signed) as p:
            sent = p.went(await p.begun())
            await p.house.done(p.put(issuer="https://accounts.bio.example"), OPS)
            assert refusal(await p.came(sent)) == REFUSED
            await p.house.done(p.put(), OPS)
            sent = p.went(await p.begun())
            await p.house.ask(contract.RemoveIdentityProvider(id=p.organization), OPS)
            assert refusal(await p.came(sent)) == REFUSED
            assert "/token" not in p.provider.asked

    IMPOSSIBLE: tuple[tuple[dict[str, Any], str], ...] = (
        ({"issuer": "http://accounts.bio.example"}, "unsafe-issuer"),
        ({"issuer": "https://localhost"}, "unsafe-issuer"),
        ({"issuer": "https://169.254.169.254"}, "unsafe-issuer"),
        ({"issuer": "https://accounts.bio.example/?x=1"}, "unsafe-issuer"),
        ({"domains": ("bio",)}, "invalid-domain"),
        ({"domains": ("a@bio.example",)}, "invalid-domain"),
        ({"domains": ("bio.example", "*.example")}, "invalid-domain"),
    )

    async def test_what_cannot_be_a_provider_is_refused_when_it_is_put(
        self, houses: Houses, signed: Certificates
    ) -> None:
        async with provided(houses, signed) as p:
            for change, code in self.IMPOSSIBLE:
                assert await p.house.refused(p.put(**change), OPS) == (422, code), change

    async def test_only_staff_set_or_see_one_and_only_of_an_organization_that_is(
        self, houses: Houses, signed: Certificates
    ) -> None:
        async with provided(houses, signed) as p:
            admin = await admin_of(p.house, p.organization)
            asked = (
                p.put(),
                contract.GetIdentityProvider(id=p.organization),
                contract.RemoveIdentityProvider(id=p.organization),
            )
            for each in asked:
                assert await p.house.refused(each, admin) == (403, "forbidden")
            nowhere = p.put(id="nowhere")
            assert await p.house.refused(nowhere, OPS) == (404, "not-found")

    async def test_why_it_was_set_stands_in_its_record_and_another_issuer_needs_a_secret_of_its_own(
        self, houses: Houses, signed: Certificates
    ) -> None:
        async with provided(houses, signed) as p:
            elsewhere = p.put(issuer="https://accounts.other.example", client_secret=None, reason="移行")
            view = await p.house.done(elsewhere, OPS)
            assert (view["issuer"], view["has_secret"]) == ("https://accounts.other.example", False)
            stored = p.house.admin["members"]["identity_providers"].find_one({"_id": p.organization})
            assert stored is not None
            assert (stored["log"][-1]["reason"], stored["sealed"]) == ("移行", None)
            assert (await p.house.done(p.put(client_secret=None), OPS))["has_secret"] is False

    async def test_without_a_public_address_nobody_begins(self, houses: Houses, signed: Certificates) -> None:
        async with houses() as house:
            organization = (await house.done(company()))["id"]
            put = contract.PutIdentityProvider(
                id=organization, issuer="https://accounts.bio.example", client_id="lounge", domains=("bio.example",)
            )
            assert (await house.done(put, OPS))["redirect_uri"] is None
            begin = contract.BeginSignIn(organization=organization, browser=MINE)
            assert await house.refused(begin, NOBODY) == (409, "no-public-address")

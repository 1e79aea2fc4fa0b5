"""Signing in with an organization's identity provider (row A7), over the real servers: there, back, and on."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import RSAKey

from shared.contracts import members as contract
from tests.members.conftest import Houses
from tests.members.people import NOBODY, OPS, person
from tests.members.provided import ANOTHER, MINE, NOT_BEGUN, REDIRECT_URI, REFUSED, Provided, provided, refusal
from tests.members.signing_in import read_token
from tests.support.certificates import Certificates
from tests.support.openid_server import Client, Person


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_an_account_of_ones_organization_opens_a_session(
    houses: Houses, signed: Certificates, driver: str
) -> None:
    async with provided(houses, signed, mongo_driver=driver) as p:
        url = await p.begun()
        asked = dict(parse_qsl(urlsplit(url).query))
        assert {k: asked[k] for k in ("response_type", "client_id", "redirect_uri", "scope")} == {
            "response_type": "code",
            "client_id": "lounge",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid email",
        }
        assert (asked["code_challenge_method"], len(asked["nonce"])) == ("S256", 64)
        answer = await p.came(p.went(url))
        assert (answer.status, answer.data["return_to"]) == (200, None)
        token = await read_token(p.house, answer.data["tokens"]["access_token"])
        assert (token.claims["sub"], token.claims["org"]) == (p.member["id"], p.organization)
        again = contract.RefreshSession(refresh_token=answer.data["tokens"]["refresh_token"])
        await p.house.done(again, NOBODY)
        assert p.kept() == (1, 1)


async def test_who_is_known_by_their_subject_stays_known_when_the_address_changes_there(
    houses: Houses, signed: Certificates
) -> None:
    async with provided(houses, signed) as p:
        assert (await p.signed_in()).status == 200
        p.provider.person = Person("subject-1", "hanako.sato@bio.example")
        answer = await p.signed_in()
        token = await read_token(p.house, answer.data["tokens"]["access_token"])
        assert token.claims["sub"] == p.member["id"]
        p.provider.person = Person("subject-2", "hanako@bio.example")
        assert refusal(await p.signed_in()) == REFUSED
        assert p.kept() == (1, 2)


async def test_whom_an_erased_member_was_there_is_nobody_here_until_they_come_back_as_somebody_new(
    houses: Houses, signed: Certificates
) -> None:
    async with provided(houses, signed) as p:
        assert (await p.signed_in()).status == 200
        own = contract.PersonalDataInMembers(member=p.member["id"])
        sections = {each["key"]: each["rows"] for each in (await p.house.done(own))["sections"]}
        assert [row["issuer"] for row in sections["identities"]] == [p.provider.issuer]
        await p.house.done(contract.EraseMember(id=p.member["id"], reason="as asked for"))
        stored = p.house.admin["members"]["identities"].find_one({})
        assert stored is not None
        assert (stored["member"], "claims" in stored) == (None, False)
        assert refusal(await p.signed_in()) == REFUSED
        again = await p.house.done(person(p.organization, "hanako@bio.example"))
        token = await read_token(p.house, (await p.signed_in()).data["tokens"]["access_token"])
        assert token.claims["sub"] == again["id"] != p.member["id"]


async def test_a_provider_that_tells_the_address_only_when_asked_is_asked(houses: Houses, signed: Certificates) -> None:
    async with provided(houses, signed) as p:
        p.provider.tells_address_in_token = False
        assert (await p.signed_in()).status == 200
        assert p.provider.asked[-1] == "/userinfo"


async def test_a_public_client_has_pkce_alone(houses: Houses, signed: Certificates) -> None:
    async with provided(houses, signed) as p:
        await p.house.done(contract.RemoveIdentityProvider(id=p.organization), OPS)
        told = await p.house.done(p.put(client_secret=None), OPS)
        assert told["has_secret"] is False
        p.provider.client = Client("lounge", None, REDIRECT_URI)
        assert (await p.signed_in()).status == 200


async def test_discovery_and_keys_are_asked_for_once_and_an_unknown_key_has_them_asked_for_again(
    houses: Houses, signed: Certificates
) -> None:
    async with provided(houses, signed) as p:
        for _ in range(3):
            assert (await p.signed_in()).status == 200
        asked = p.provider.asked
        assert (asked.count("/.well-known/openid-configuration"), asked.count("/jwks")) == (1, 1)
        p.provider.key = RSAKey.generate_key(2_048, {"kid": "provider-2", "use": "sig"})
        assert refusal(await p.signed_in()) == REFUSED
        assert asked.count("/jwks") == 1


class TestTheWay:
    """State, browser, code: each bound to the other, each used once."""

    async def test_a7_a_state_is_of_one_browser_for_ten_minutes_and_once(
        self, houses: Houses, signed: Certificates
    ) -> None:
        async with provided(houses, signed) as p:
            sent = p.went(await p.begun())
            missing = {name: value for name, value in sent.items() if name != "state"}
            for wrong in (missing, sent | {"state": ""}, sent | {"state": "0" * 64}):
                assert refusal(await p.came(wrong)) == NOT_BEGUN
            assert refusal(await p.came(sent, ANOTHER)) == NOT_BEGUN
            assert refusal(await p.came(sent)) == NOT_BEGUN, "the other browser has used it up"
            assert refusal(await p.came(p.went(await p.begun()), None)) == NOT_BEGUN
            late = p.went(await p.begun())
            p.house.wall.forward(timedelta(minutes=10))
            assert refusal(await p.came(late)) == NOT_BEGUN
            assert "/token" not in p.provider.asked
            good = p.went(await p.begun())
            assert (await p.came(good)).status == 200
            assert refusal(await p.came(good)) == NOT_BEGUN
            assert p.kept() == (1, 1)

    async def test_a7_a_code_is_good_once_and_only_for_whom_it_was_made(
        self, houses: Houses, signed: Certificates
    ) -> None:
        async with provided(houses, signed) as p:
            used = p.went(await p.begun())
            assert (await p.came(used)).status == 200
            replayed = p.went(await p.begun()) | {"code": used["code"]}
            assert refusal(await p.came(replayed)) == REFUSED
            stolen = p.went(await p.begun(ANOTHER))
            injected = p.went(await p.begun()) | {"code": stolen["code"]}
            assert refusal(await p.came(injected)) == REFUSED
            assert p.kept() == (1, 1)

    async def test_a7_the_answer_names_the_provider_that_was_asked(self, houses: Houses, signed: Certificates) -> None:
        async with provided(houses, signed) as p:
            sent = p.went(await p.begun())
            assert sent["iss"] == p.provider.issuer
            assert refusal(await p.came(sent | {"iss": "https://evil.example"})) == REFUSED
            unnamed = p.went(await p.begun())
            del unnamed["iss"]
            assert refusal(await p.came(unnamed)) == REFUSED
            assert "/token" not in p.provider.asked

    async def test_who_says_no_at_the_provider_is_not_signed_in(self, houses: Houses, signed: Certificates) -> None:
        async with provided(houses, signed) as p:
            p.provider.access_denied = True
            sent = p.went(await p.begun())
            assert sent["error"] == "access_denied"
            assert refusal(await p.came(sent)) == REFUSED
            assert p.kept() == (0, 0)

    async def test_after_the_deadline_nothing_is_kept(self, houses: Houses, signed: Certificates) -> None:
        async with provided(houses, signed) as p:
            begin = contract.BeginSignIn(organization=p.organization, browser=MINE)
            assert await p.house.refused(begin, NOBODY, seconds=-1) == (504, "deadline-passed")
            sent = p.went(await p.begun())
            finish = contract.FinishSignIn(state=sent["state"], code=sent["code"], issuer=sent["iss"], browser=MINE)
            assert await p.house.refused(finish, NOBODY, seconds=-1) == (504, "deadline-passed")
            assert (await p.came(sent)).status == 200


class TestTheHandover:
    """Back to who began it, with a code that only they can use."""

    VERIFIER = "v" * 43
    CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")

    async def back(self, p: Provided, return_to: str) -> dict[str, str]:
        sent = p.went(await p.begun(return_to=return_to, code_challenge=self.CHALLENGE))
        answer = await p.came(sent)
        if answer.problem is None:
            assert answer.data["tokens"] is None
            return dict(parse_qsl(urlsplit(answer.data["return_to"]).query))
        assert answer.problem.members["return_to"].partition("?")[0] == return_to.partition("?")[0]
        return dict(parse_qsl(urlsplit(answer.problem.members["return_to"]).query))

    @pytest.mark.parametrize(
        "return_to",
        [
            "https://lounge.example/in?theme=dark",
            "https://app.bio.example/in?theme=dark",
            "http://127.0.0.1:4711/in?theme=dark",
        ],
    )
    async def test_the_code_is_exchanged_once_by_who_knows_the_verifier(
        self, return_to: str, houses: Houses, signed: Certificates
    ) -> None:
        async with provided(houses, signed) as p:
            back = await self.back(p, return_to)
            assert back["theme"] == "dark"
            assert p.kept() == (1, 0)
            tokens = await p.house.ask(contract.ExchangeCode(code=back["code"], code_verifier=self.VERIFIER), NOBODY)
            assert (tokens.status, set(tokens.data)) == (
                201,
                {"access_token", "token_type", "expires_in", "refresh_token"},
            )
            again = contract.ExchangeCode(code=back["code"], code_verifier=self.VERIFIER)
            assert await p.house.refused(again, NOBODY) == NOT_BEGUN
            other = await self.back(p, return_to)
            wrong = contract.ExchangeCode(code=other["code"], code_verifier="w" * 43)
            assert await p.house.refused(wrong, NOBODY) == NOT_BEGUN
            late = await self.back(p, return_to)
            p.house.wall.forward(timedelta(minutes=1))
            too_late = contract.ExchangeCode(code=late["code"], code_verifier=self.VERIFIER)
            assert await p.house.refused(too_late, NOBODY) == NOT_BEGUN
            assert p.kept() == (1, 1)

    async def test_what_went_wrong_is_told_there_too(self, houses: Houses, signed: Certificates) -> None:
        async with provided(houses, signed) as p:
            p.provider.person.email_verified = False
            assert await self.back(p, "https://app.bio.example/in") == {"error": "sign-in-refused"}

    ELSEWHERE = (
        "https://evil.example/in",
        "https://app.bio.example.evil.example/in",
        "https://app.bio.example@evil.example/in",
        "https://app.bio.example:8443/in",
        "http://app.bio.example/in",
        "http://127.0.0.1.evil.example:80/in",
        "http://127.0.0.1/in",
        "//app.bio.example/in",
        "https://app.bio.example/in#x",
        "javascript:alert(1)",
        "https://app.bio.example\\@evil.example/",
    )

    async def test_nobody_is_led_elsewhere(self, houses: Houses, signed: Certificates) -> None:
        async with provided(houses, signed) as p:
            begin = contract.BeginSignIn(organization=p.organization, browser=MINE, code_challenge=self.CHALLENGE)
            for return_to in self.ELSEWHERE:
                there = begin.model_copy(update={"return_to": return_to})
                assert await p.house.refused(there, NOBODY) == (422, "return-not-allowed"), return_to
            alone = contract.BeginSignIn(
                organization=p.organization, browser=MINE, return_to="https://app.bio.example/in"
            )
            assert await p.house.refused(alone, NOBODY) == (422, "return-not-allowed")


async def test_from_one_network_only_so_many_are_begun_an_hour_whatever_becomes_of_them(
    houses: Houses, signed: Certificates
) -> None:
    async with provided(houses, signed, sign_in_starts_per_client=3) as p:
        for address in ("2001:db8:7:1::1", "2001:db8:7:1::2"):
            await p.begun(client=address)
        nowhere = contract.BeginSignIn(organization="nowhere", browser=MINE, client="2001:db8:7:1::3")
        assert await p.house.refused(nowhere, NOBODY) == (404, "not-found")
        once_more = contract.BeginSignIn(organization=p.organization, browser=MINE, client="2001:db8:7:1::4")
        assert await p.house.refused(once_more, NOBODY) == (429, "too-many-attempts")
        await p.begun(client="2001:db8:7:2::1")
        p.house.wall.forward(timedelta(minutes=61))
        await p.begun(client="2001:db8:7:1::4")

"""A person of several organizations says for which one a token speaks."""

from typing import Any

from shared.contracts import members as contract
from tests.members.conftest import House
from tests.members.people import NOBODY, company, person
from tests.members.signing_in import HANAKO, code_for, read_token


async def of_two(house: House) -> tuple[str, str, str]:
    """Hanako's home organization, her second one, and one she does not belong to."""
    home, second, foreign = [(await house.done(company(name)))["id"] for name in ("本務", "兼務", "他社")]
    await house.done(person(home, HANAKO, organizations=(second,)))
    return home, second, foreign


async def acts_for(house: House, tokens: dict[str, Any]) -> str:
    return str((await read_token(house, tokens["access_token"])).claims["org"])


async def test_a_token_is_for_the_organization_asked_for_else_for_the_home_organization(house: House) -> None:
    home, second, _ = await of_two(house)
    ask = contract.CreateSession(email=HANAKO, code=await code_for(house), organization=second)
    tokens = await house.done(ask, NOBODY)
    assert await acts_for(house, tokens) == second
    tokens = await house.done(contract.RefreshSession(refresh_token=tokens["refresh_token"]), NOBODY)
    assert await acts_for(house, tokens) == home
    wish = contract.RefreshSession(refresh_token=tokens["refresh_token"], organization=second)
    assert await acts_for(house, await house.done(wish, NOBODY)) == second


async def test_for_a_foreign_one_there_is_none_and_code_and_refresh_token_stay_good(house: House) -> None:
    home, _, foreign = await of_two(house)
    code = await code_for(house)
    wish = contract.CreateSession(email=HANAKO, code=code, organization=foreign)
    assert await house.refused(wish, NOBODY) == (403, "not-your-organization")
    wrong = wish.model_copy(update={"code": f"{(int(code) + 1) % 10**8:08d}"})
    assert await house.refused(wrong, NOBODY) == (401, "wrong-code"), "who has no code learns nothing"
    tokens = await house.done(contract.CreateSession(email=HANAKO, code=code), NOBODY)
    refresh = contract.RefreshSession(refresh_token=tokens["refresh_token"], organization=foreign)
    assert await house.refused(refresh, NOBODY) == (403, "not-your-organization")
    forged = f"{tokens['refresh_token'][:-1]}{'0' if tokens['refresh_token'][-1] != '0' else '1'}"
    assert await house.refused(refresh.model_copy(update={"refresh_token": forged}), NOBODY) == (401, "session-ended")
    again = contract.RefreshSession(refresh_token=tokens["refresh_token"])
    assert await acts_for(house, await house.done(again, NOBODY)) == home


async def test_who_belongs_to_it_no_more_gets_no_further_token_for_it(house: House) -> None:
    home, second, _ = await of_two(house)
    ask = contract.CreateSession(email=HANAKO, code=await code_for(house), organization=second)
    tokens = await house.done(ask, NOBODY)
    member = (await read_token(house, tokens["access_token"])).claims["sub"]
    await house.done(contract.UpdateMember(id=member, organizations=()))
    wish = contract.RefreshSession(refresh_token=tokens["refresh_token"], organization=second)
    assert await house.refused(wish, NOBODY) == (403, "not-your-organization")
    assert await acts_for(house, await house.done(wish.model_copy(update={"organization": home}), NOBODY)) == home

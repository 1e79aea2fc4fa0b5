"""Those who ask, as members keeps them: their rights are what their documents say."""

from typing import Any

from shared.contracts.message import Principal
from tests.members.conftest import House
from tests.members.people import company, person, principal


async def site_staff(house: House, site: str = "nyc") -> Principal:
    """Staff of a site, of LINK-J's organization, which has no membership."""
    return await _of_linkj(house, f"{site}@staff.example", roles=frozenset({"site_staff"}), site=site)


async def operator(house: House, email: str = "ops@linkj.example") -> Principal:
    """An operator who is a person."""
    return await _of_linkj(house, email, roles=frozenset({"operator", "member"}))


async def _of_linkj(house: House, email: str, **more: Any) -> Principal:
    org = await house.done(company("LINK-J", kind="linkj_staff", membership=None), key=f"linkj-{email}")
    return principal(await house.done(person(org["id"], email, **more)))

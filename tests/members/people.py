"""Principals and wishes to test with; every person is invented."""

from datetime import date
from typing import Any

from shared.contracts import members as contract
from shared.contracts.message import Principal, Text

OPS = Principal(kind="system", id="ops", roles=frozenset({"operator"}))
NOBODY = Principal(kind="program", id="anonymous")
"""As the gateway says it of whoever has no name yet."""


def principal(view: dict[str, Any]) -> Principal:
    """The member of this view, acting for the home organization."""
    return Principal(
        kind="member",
        id=view["id"],
        organization=view["organization"],
        organizations=tuple(view["organizations"]),
        roles=frozenset(view["roles"]),
        site=view["site"],
    )


def company(name: str = "横浜バイオ", **more: Any) -> contract.CreateOrganization:
    fields: dict[str, Any] = {"kind": "yokohama_company", "membership": period()} | more
    return contract.CreateOrganization(name=Text(ja=name, en="Yokohama Bio"), **fields)


def period() -> contract.Membership:
    return contract.Membership(starts_on=date(2026, 4, 1), ends_on=date(2027, 3, 31))


def person(organization: str, email: str = "hanako@bio.example", **more: Any) -> contract.CreateMember:
    name = contract.PersonName(
        family="髙﨑", given="葛󠄀子", family_kana="たかさき", given_kana="かつらこ", latin="Takasaki Katsurako"
    )
    fields: dict[str, Any] = {"name": name} | more
    return contract.CreateMember(organization=organization, email=email, **fields)

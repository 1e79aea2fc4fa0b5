"""What is written down of a refused question: the ids it named, and no other word of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts import members
from shared.contracts.booking import GetBooking
from shared.contracts.message import Asked, Command, Query
from shared.kit.access import ids_in
from tests.support.asking import ANA

NAME = members.PersonName(family="高崎", given="花子")


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        (GetBooking(id="b1"), "id=b1"),
        (members.ListMembers(q="hanako@bio.example", organization="o2"), "organization=o2"),
        (
            members.CreateMember(
                organization="o2", email="hanako@bio.example", name=NAME, site="osaka", organizations=("o4", "o3")
            ),
            "organization=o2 site=osaka organizations=o3,o4",
        ),
        (members.CreateApiKey(name="feed"), ""),
        (members.UpdateOrganization(id="o1", on_leave=members.OnLeave(to="m2")), "id=o1 on_leave.to=m2"),
    ],
)
def test_only_ids_are_told(data: Command | Query, ids: str) -> None:
    ask = Asked[Any](principal=ANA, data=data, correlationid="c1", deadline=datetime(2026, 12, 1, tzinfo=UTC))
    assert ids_in(ask) == ids

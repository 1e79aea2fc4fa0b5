"""The copy of names: no address comes in, and an erasure waits until it is gone."""

from typing import Any

import pytest

from services.booking.handlers.forgetting import Forgetting
from services.booking.store import Names, NameState, Waits
from shared.contracts.members import ContactState, NameView
from shared.contracts.message import CloudEvent
from shared.kit.copies import Copy
from shared.kit.documents import Documents
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings, real_series
from tests.support.booking import NOW, StillClock
from tests.support.servers import Servers


class Silent:
    """A stream on which nothing was said."""

    async def take_back(self, doc_id: str, wire: str, *, word: str) -> int:
        return 0


async def _one_site() -> list[str]:
    return ["nyc"]


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a_person_is_not_forgotten_before_their_name_is_gone(clean: Servers, driver: Any) -> None:
    mongo = Mongo(clean.mongo_url("booking"), "booking", driver)
    copy = Copy(mongo.collection("copy_contact"), NameState)
    contact = ContactState(
        id="ana", sequence=1, email="ana@special.example", name=NameView(family="カナリア", given="Ana")
    )
    message = CloudEvent(
        id="s1", source="/services/members", type=contact.wire, time=NOW, data=contact.model_dump(mode="json")
    )
    await copy.feeding(None, None)(message.model_dump_json().encode())
    stored = await mongo.collection("copy_contact").find_one({"_id": "ana"})
    assert "カナリア" in repr(stored)
    assert "ana@special.example" not in repr(stored), "no address comes in here"
    waits = Waits(Documents(mongo.collection("waits"), None, StillClock(), lambda _: None), None)
    kept = real_bookings(mongo), real_series(mongo)
    forgetting = Forgetting(*kept, Names(copy), waits, _one_site, Silent(), StillClock())
    assert (await forgetting.work({"about": "ana"})).more
    await copy.apply(NameState(id="ana", sequence=2, erased=True))
    assert not (await forgetting.work({"about": "ana"})).more
    assert not await copy.apply(NameState(id="ana", sequence=1, name=NameView(family="カナリア", given="Ana")))
    assert "カナリア" not in repr(await mongo.collection("copy_contact").find({}).to_list(None))
    await mongo.close()

"""What a back-up holds is one moment of all databases; and what the user who takes it may do."""

from pathlib import Path
from typing import Any

import pytest
from bson import decode
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy.backup.checking import checked, documents
from deploy.backup.taking import take
from deploy.mongo.admin import BACKUP, url
from tests.support.servers import Servers


@pytest.fixture
def copier(clean: Servers) -> MongoClient[dict[str, Any]]:
    """A client of the user the installation takes its back-ups with."""
    mongo = clean.mongo
    address = url([f"127.0.0.1:{mongo.port}"], BACKUP, mongo.passwords.of(BACKUP), source="admin")
    return MongoClient(address, tz_aware=True)


def test_a_claim_that_wanders_during_the_copy_stands_in_it_once(
    clean: Servers, copier: MongoClient[dict[str, Any]], tmp_path: Path
) -> None:
    held = {"site": "nyc", "version": 1, "claims": ["room-a|2026-12-15T19:00"]}
    with MongoClient[dict[str, Any]](clean.mongo_admin_url) as admin, copier:
        admin["booking"]["bookings"].insert_one({"_id": "first", **held})
        admin["events"]["seminars"].insert_one({"_id": "later", "heard": 0})

        def meanwhile(doing: str) -> None:
            """After booking was copied and before events is."""
            if doing == "Copying events.seminars":
                admin["booking"]["bookings"].update_one({"_id": "first"}, {"$unset": {"claims": ""}})
                admin["booking"]["bookings"].insert_one({"_id": "second", **held})
                admin["events"]["seminars"].update_one({"_id": "later"}, {"$set": {"heard": 1}})

        take(copier, tmp_path / "copy", secret=None, keys=None, say=meanwhile)
    checked(tmp_path / "copy")
    assert [decode(raw)["heard"] for raw in documents(tmp_path / "copy" / "events" / "seminars.bson")] == [0]
    assert [decode(raw)["_id"] for raw in documents(tmp_path / "copy" / "booking" / "bookings.bson")] == ["first"]


def test_who_takes_back_ups_can_change_nothing_and_read_no_users(copier: MongoClient[dict[str, Any]]) -> None:
    with copier:
        for forbidden in (
            lambda: copier["booking"]["bookings"].insert_one({"_id": "x"}),
            lambda: copier["booking"]["bookings"].delete_many({}),
            lambda: copier["booking"]["bookings"].update_one({}, {"$set": {"x": 1}}),
            lambda: copier["admin"]["system.users"].find_one({}),
            lambda: copier["admin"].command("setParameter", 1, ttlMonitorEnabled=True),
        ):
            with pytest.raises(OperationFailure, match="not authorized"):
                forbidden()

"""What a collection of documents needs is declared for each there is: nobody notices a missing index by its answers."""

import importlib
from typing import Any

import pytest

from deploy.mongo.admin import declared_indexes
from shared.contracts.topology import SERVICES
from shared.kit.documents import document_indexes, history_indexes
from shared.kit.service import Service

NOWHERE = {
    "nats_url": "nats://127.0.0.1:9",
    "mongo_url": "mongodb://127.0.0.1:9",
    "members_secret": "0" * 64,
    "smtp_url": "smtp://127.0.0.1:9",
}


def built(name: str) -> Service:
    """A service that is never run: only what it declares is looked at."""
    settings: Any = importlib.import_module(f"services.{name}.settings").Settings
    known = {field: value for field, value in NOWHERE.items() if field in settings.model_fields}
    service: Service = importlib.import_module(f"services.{name}.app").build(settings(**known))
    return service


def keys(models: Any) -> list[Any]:
    return [(dict(model.document["key"]), model.document.get("partialFilterExpression")) for model in models]


@pytest.mark.parametrize("name", SERVICES)
async def test_each_collection_of_documents_has_its_indexes_and_its_history_s(name: str) -> None:
    service, declared = built(name), declared_indexes(name)
    for collection in service.relays:
        for models, wanted in ((collection, document_indexes()), (f"{collection}_history", history_indexes())):
            there = keys(declared.get(models, ()))
            assert [key for key in keys(wanted) if key not in there] == [], models
    await service.mongo.close()

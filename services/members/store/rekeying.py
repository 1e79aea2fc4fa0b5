"""People who were stored before their keys were made as they are now, keyed anew beside the daily work."""

from typing import Any

from services.members.store.keys import FORM, name_keys
from services.members.store.mapping import SITE
from shared.kernel.names import Name
from shared.kit.mongo import UpdateOne

_AT_ONCE = 50
"""Making so many keys holds up whoever asks meanwhile by some 30 ms."""
_READ = {"name": 1, "email": 1, "version": 1}


async def rekeyed(members: Any) -> int:
    """Keys up to 50 people of an older form; how many it found, so 0 when there are none left.

    Any replica may do it, at the same time too: keys depend on name and address alone, and are written only beside
    those they were made of. Neither version nor log grow, since nothing that anybody is told of has changed.
    """
    older = {"$in": [None, *range(1, FORM)]}
    found = members.find({"site": SITE, "name_form": older, "name.family": {"$type": "string"}}, _READ)
    docs = await found.limit(_AT_ONCE).to_list(_AT_ONCE)
    if docs:
        await members.bulk_write([_keyed(doc) for doc in docs], ordered=False)
    return len(docs)


def _keyed(doc: dict[str, Any]) -> UpdateOne:
    keys = name_keys(Name(**doc["name"]), doc["email"])
    return UpdateOne({"_id": doc["_id"], "site": SITE, "version": doc["version"]}, {"$set": keys})

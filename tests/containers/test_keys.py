"""The operator's container changes every key under load, by its own commands; no container is restarted."""

import asyncio
import json

from tests.support.installation import Installation
from tests.support.ledger import Ledger


async def test_keys_are_changed_without_a_restart(lounge: Installation, ledger: Ledger) -> None:
    began = {each.container.id: each.state["StartedAt"] for each in lounge.replicas}
    async with ledger.running(per_second=30):
        await ledger.succeeds(20)
        ledger.mark("keys rotate --all")
        changed = json.loads(await asyncio.to_thread(lounge.lounge, "keys", "rotate", "--all", "--json"))
        await ledger.succeeds(20)
    ledger.write(await ledger.audit())
    assert {"booking", "gateway", "ops", "monitor"} <= {each["name"] for each in changed}
    assert {each.container.id: each.state["StartedAt"] for each in lounge.replicas} == began
    added = json.loads(lounge.lounge("site", "add", "kobe", "--zone", "Asia/Tokyo", "--json"))
    assert added["nkey_seed"].startswith("SU")
    assert "kobe" in {each["site"] for each in json.loads(lounge.lounge("site", "list", "--json"))}

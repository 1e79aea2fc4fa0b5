"""What stands on a state's subject and cannot be read gives way to what the owner says: else nothing is said again."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts.message import State
from shared.kernel.ids import new_id
from shared.kit.envelopes import sequence_of
from tests.kit.conftest import cause, make_service, thing
from tests.kit.test_relay import Named, messages, sent
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.things import state_of
from tests.support.waiting import until

UNREADABLE = (
    b"",
    b"\xff",
    b'{"sequence": 7',
    b"[1]",
    b"7",
    b"{}",
    b'{"sequence": null}',
    b'{"sequence": "soon"}',
)


@pytest.mark.parametrize("payload", UNREADABLE)
def test_what_cannot_be_read_is_older_than_all_that_can(payload: bytes) -> None:
    assert sequence_of(payload) == 0
    assert sequence_of(b'{"sequence": 1}') == 1


def personal_state_of(doc: dict[str, Any]) -> list[State]:
    return [Named(id=doc["_id"], sequence=doc["version"], name=doc["name"])]


@pytest.mark.parametrize("states", [state_of, personal_state_of])
async def test_a_state_takes_the_place_of_one_that_was_cut_off(
    things: Servers, post: Post, monkeypatch: pytest.MonkeyPatch, states: Callable[[Any], list[State]]
) -> None:
    service = make_service(things)
    made = service.documents("things", states=states)

    async def erase(number: int, *, stream: str) -> None:
        """By ops, who may do what booking may not."""
        await post.js.delete_msg(stream, number)

    monkeypatch.setattr(service.publisher, "erase", erase)
    async with service.running():
        at, a = service.clock.now(), new_id(service.clock.now())
        await made.insert(a, "nyc", thing("desk"), cause("k0"), at=at)
        await until(lambda: sent(service))
        subject = f"state.booking.thing.v1.{a}"
        good = await post.js.get_last_msg("STATE", subject)
        await post.js.publish(subject, (good.data or b"")[:-1], stream="STATE")
        await service.relays["things"].restate()
        assert [(s, e["sequence"]) for s, e in await messages(things, "STATE")] == [(subject, 1)]
        await post.js.publish(subject, (good.data or b"")[:-1], stream="STATE")
        await made.change(a, lambda _: thing("sofa"), cause("c1"), at=at)
        await until(lambda: sent(service))
        assert [(s, e["sequence"]) for s, e in await messages(things, "STATE")] == [(subject, 2)]
